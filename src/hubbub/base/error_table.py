"""Every error a peer can see.  Generated from `spec/errors.toml` by `make generate`; do not edit."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Code(StrEnum):
    """The name of an error on the wire."""

    BAD_FRAME = "bad_frame"
    BAD_REQUEST = "bad_request"
    UNKNOWN_FRAME = "unknown_frame"
    TOO_LARGE = "too_large"
    TEXT_TOO_LONG = "text_too_long"
    HEADER_TOO_LARGE = "header_too_large"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"
    HELLO_EXPECTED = "hello_expected"
    HELLO_TIMEOUT = "hello_timeout"
    UNAUTHENTICATED = "unauthenticated"
    BAD_TOKEN = "bad_token"
    TOKEN_EXPIRED = "token_expired"
    WRONG_USER = "wrong_user"
    BAD_CREDENTIALS = "bad_credentials"
    SECOND_FACTOR_NEEDED = "second_factor_needed"
    BAD_SECOND_FACTOR = "bad_second_factor"
    BAD_PASSKEY = "bad_passkey"
    SECOND_FACTOR_REQUIRED = "second_factor_required"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    BAD_CLIENT = "bad_client"
    BAD_SCOPE = "bad_scope"
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    ACCESS_DENIED = "access_denied"
    FORBIDDEN = "forbidden"
    BAD_ORIGIN = "bad_origin"
    SESSION_ENDED = "session_ended"
    SESSION_REPLACED = "session_replaced"
    SESSION_REFUSED = "session_refused"
    HEARTBEAT_MISSED = "heartbeat_missed"
    SLOW_READER = "slow_reader"
    GOING_AWAY = "going_away"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    NOT_FOUND = "not_found"
    CONVERSATION_NOT_FOUND = "conversation_not_found"
    CONVERSATION_DISSOLVED = "conversation_dissolved"
    NOT_A_MEMBER = "not_a_member"
    ALREADY_A_MEMBER = "already_a_member"
    BANNED = "banned"
    MUTED = "muted"
    SLOW_MODE = "slow_mode"
    WORDS_REFUSED = "words_refused"
    HELD_FOR_REVIEW = "held_for_review"
    MESSAGE_NOT_FOUND = "message_not_found"
    FILE_NOT_FOUND = "file_not_found"
    FILE_TOO_LARGE = "file_too_large"
    FILE_QUOTA = "file_quota"
    FILES_OFF = "files_off"
    BAD_RANGE = "bad_range"
    MESSAGE_RECALLED = "message_recalled"
    USER_NOT_FOUND = "user_not_found"
    CONFLICT = "conflict"
    PREDECESSOR_MISSING = "predecessor_missing"
    TOO_MANY_MEMBERS = "too_many_members"
    USERNAME_TAKEN = "username_taken"
    BAD_USERNAME = "bad_username"
    WEAK_PASSWORD = "weak_password"
    REGISTRATION_CLOSED = "registration_closed"
    BAD_INVITATION = "bad_invitation"
    APPROVAL_PENDING = "approval_pending"
    BAD_LINK = "bad_link"
    SETUP_DONE = "setup_done"
    BAD_SETUP_TOKEN = "bad_setup_token"
    BAD_CURSOR = "bad_cursor"
    SCHEDULED_IN_PAST = "scheduled_in_past"
    EPOCH_CHANGED = "epoch_changed"
    UNKNOWN_OUTCOME = "unknown_outcome"
    STORAGE_FULL = "storage_full"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INTERNAL_ERROR = "internal_error"


class ErrorRow(NamedTuple):
    """What every peer may know of an error."""

    retry: bool
    close: int
    http: int
    en: str
    zh: str


TABLE: dict[Code, ErrorRow] = {
    Code.BAD_FRAME: ErrorRow(False, 1007, 400, "The frame cannot be read.", "无法解析该帧。"),
    Code.BAD_REQUEST: ErrorRow(False, 0, 400, "The request is not valid.", "请求无效。"),
    Code.UNKNOWN_FRAME: ErrorRow(False, 0, 400, "This server does not know that kind of frame.", "服务器不认识这种帧。"),
    Code.TOO_LARGE: ErrorRow(False, 1009, 413, "That is larger than the server accepts.", "内容超过服务器允许的大小。"),
    Code.TEXT_TOO_LONG: ErrorRow(False, 0, 413, "The text is too long.", "文本过长。"),
    Code.HEADER_TOO_LARGE: ErrorRow(False, 0, 431, "The request header is too large.", "请求头过大。"),
    Code.UNSUPPORTED_PROTOCOL: ErrorRow(False, 4406, 400, "This server does not speak that version of the protocol.", "服务器不支持该协议版本。"),
    Code.HELLO_EXPECTED: ErrorRow(False, 4401, 400, "The first frame must be a hello.", "第一帧必须是 hello。"),
    Code.HELLO_TIMEOUT: ErrorRow(True, 4408, 408, "No hello came in time.", "未在规定时间内收到 hello。"),
    Code.UNAUTHENTICATED: ErrorRow(False, 4401, 401, "Log in first.", "请先登录。"),
    Code.BAD_TOKEN: ErrorRow(False, 4401, 401, "The token is not valid.", "令牌无效。"),
    Code.TOKEN_EXPIRED: ErrorRow(False, 4402, 401, "The token has ended; refresh it.", "令牌已过期，请刷新。"),
    Code.WRONG_USER: ErrorRow(False, 4403, 403, "The token belongs to another person or device.", "令牌属于其他用户或设备。"),
    Code.BAD_CREDENTIALS: ErrorRow(False, 0, 401, "The name or the password is wrong.", "用户名或密码错误。"),
    Code.SECOND_FACTOR_NEEDED: ErrorRow(False, 0, 403, "The password is right; a code of the second step is needed as well.", "密码正确，还需要第二步验证的代码。"),
    Code.BAD_SECOND_FACTOR: ErrorRow(False, 0, 400, "The code is wrong, or was used before.", "代码错误或已被使用。"),
    Code.BAD_PASSKEY: ErrorRow(False, 0, 400, "The passkey is not good here, or took too long.", "通行密钥无效或操作超时。"),
    Code.SECOND_FACTOR_REQUIRED: ErrorRow(False, 4403, 403, "Administrators need a second step to sign in here: set yours up at /oauth/security.", "此服务器要求管理员启用第二步验证：请在 /oauth/security 设置。"),
    Code.INSUFFICIENT_SCOPE: ErrorRow(False, 4403, 403, "The token does not allow that.", "令牌权限不足。"),
    Code.BAD_CLIENT: ErrorRow(False, 0, 401, "The client is not known, or its secret is wrong.", "客户端未知，或其密钥错误。"),
    Code.BAD_SCOPE: ErrorRow(False, 0, 400, "That is more than may be allowed here.", "请求的权限超出允许范围。"),
    Code.AUTHORIZATION_PENDING: ErrorRow(True, 0, 400, "The person has not decided yet.", "用户尚未作出决定。"),
    Code.SLOW_DOWN: ErrorRow(True, 0, 400, "Ask less often.", "请降低请求频率。"),
    Code.ACCESS_DENIED: ErrorRow(False, 0, 403, "The person said no.", "用户已拒绝。"),
    Code.FORBIDDEN: ErrorRow(False, 4403, 403, "You may not do that.", "您无权执行此操作。"),
    Code.BAD_ORIGIN: ErrorRow(False, 4403, 403, "This web page may not connect.", "不允许该网页连接。"),
    Code.SESSION_ENDED: ErrorRow(False, 4410, 401, "The login was ended.", "登录已被终止。"),
    Code.SESSION_REPLACED: ErrorRow(False, 4409, 409, "Another device took this session's place.", "会话已被其他设备取代。"),
    Code.SESSION_REFUSED: ErrorRow(True, 4423, 409, "This account is already connected on another device.", "该账号已在其他设备上连接。"),
    Code.HEARTBEAT_MISSED: ErrorRow(True, 4408, 408, "The peer stopped answering.", "对方停止响应。"),
    Code.SLOW_READER: ErrorRow(True, 4429, 429, "The peer reads too slowly.", "对方读取过慢。"),
    Code.GOING_AWAY: ErrorRow(True, 1012, 503, "The server is going away; connect again.", "服务器即将关闭，请重新连接。"),
    Code.RATE_LIMITED: ErrorRow(True, 0, 429, "Too many requests; wait a moment.", "请求过于频繁，请稍后再试。"),
    Code.OVERLOADED: ErrorRow(True, 1013, 503, "The server has too much to do; try again.", "服务器繁忙，请重试。"),
    Code.NOT_FOUND: ErrorRow(False, 0, 404, "There is no such thing.", "对象不存在。"),
    Code.CONVERSATION_NOT_FOUND: ErrorRow(False, 0, 404, "There is no such conversation.", "会话不存在。"),
    Code.CONVERSATION_DISSOLVED: ErrorRow(False, 0, 410, "The conversation was dissolved.", "会话已解散。"),
    Code.NOT_A_MEMBER: ErrorRow(False, 0, 403, "You are not a member of this conversation.", "您不是该会话的成员。"),
    Code.ALREADY_A_MEMBER: ErrorRow(False, 0, 409, "That person is already a member.", "该用户已是成员。"),
    Code.BANNED: ErrorRow(False, 0, 403, "You were banned from this conversation.", "您已被该会话封禁。"),
    Code.MUTED: ErrorRow(True, 0, 403, "You may not send here now.", "您当前被禁言。"),
    Code.SLOW_MODE: ErrorRow(True, 0, 429, "Slow mode is on; wait before sending again.", "慢速模式已开启，请稍候再发送。"),
    Code.WORDS_REFUSED: ErrorRow(False, 0, 403, "That has words that are not allowed here.", "内容包含不允许使用的词语。"),
    Code.HELD_FOR_REVIEW: ErrorRow(False, 0, 403, "It waits for a moderator and will be sent if they let it through.", "消息正在等待管理员审核，通过后将自动发送。"),
    Code.MESSAGE_NOT_FOUND: ErrorRow(False, 0, 404, "There is no such message.", "消息不存在。"),
    Code.FILE_NOT_FOUND: ErrorRow(False, 0, 404, "There is no such file, or it is not for you.", "文件不存在，或您无权使用。"),
    Code.FILE_TOO_LARGE: ErrorRow(False, 0, 413, "The file is larger than this place takes.", "文件超过此处允许的大小。"),
    Code.FILE_QUOTA: ErrorRow(False, 0, 409, "Your files already take all the room you have.", "您的文件存储空间已用完。"),
    Code.FILES_OFF: ErrorRow(False, 0, 503, "This server takes no files.", "此服务器不接收文件。"),
    Code.BAD_RANGE: ErrorRow(False, 0, 416, "The file has no such part.", "文件没有所请求的部分。"),
    Code.MESSAGE_RECALLED: ErrorRow(False, 0, 410, "The message was recalled.", "消息已撤回。"),
    Code.USER_NOT_FOUND: ErrorRow(False, 0, 404, "There is no such person.", "用户不存在。"),
    Code.CONFLICT: ErrorRow(False, 0, 409, "That client_id was used for something else.", "该 client_id 已用于其他内容。"),
    Code.PREDECESSOR_MISSING: ErrorRow(True, 0, 409, "The entry this one must follow is not stored.", "前序条目尚未存储。"),
    Code.TOO_MANY_MEMBERS: ErrorRow(False, 0, 400, "Too many people at once.", "一次添加的人数过多。"),
    Code.USERNAME_TAKEN: ErrorRow(False, 0, 409, "That name is taken.", "用户名已被占用。"),
    Code.BAD_USERNAME: ErrorRow(False, 0, 400, "A name has 2 to 32 letters, digits, dots, dashes or underscores.", "用户名须为 2 到 32 个字母、数字、点、短横线或下划线。"),
    Code.WEAK_PASSWORD: ErrorRow(False, 0, 400, "A password has at least 8 characters.", "密码至少需要 8 个字符。"),
    Code.REGISTRATION_CLOSED: ErrorRow(False, 0, 403, "This server does not take new accounts.", "服务器不接受新账号注册。"),
    Code.BAD_INVITATION: ErrorRow(False, 0, 403, "An account is made with an invitation code here, and this one is not good (any more).", "此处注册需要邀请码，而该邀请码无效或已失效。"),
    Code.APPROVAL_PENDING: ErrorRow(False, 0, 403, "An administrator has not let this account in yet.", "管理员尚未批准此账户。"),
    Code.BAD_LINK: ErrorRow(False, 0, 403, "This link is not good (any more). Ask for another one.", "此链接无效或已失效，请重新申请。"),
    Code.SETUP_DONE: ErrorRow(False, 0, 409, "This server is already set up.", "服务器已完成初始化。"),
    Code.BAD_SETUP_TOKEN: ErrorRow(False, 0, 403, "The set-up link is not valid.", "初始化链接无效。"),
    Code.BAD_CURSOR: ErrorRow(False, 0, 400, "The cursor is not valid.", "游标无效。"),
    Code.SCHEDULED_IN_PAST: ErrorRow(False, 0, 400, "The time has already passed.", "指定时间已过。"),
    Code.EPOCH_CHANGED: ErrorRow(True, 0, 409, "The log was replaced; what is cached is stale.", "日志已更换，缓存已失效。"),
    Code.UNKNOWN_OUTCOME: ErrorRow(True, 0, 503, "The outcome is not known; try again with the same client_id.", "结果未知，请使用相同的 client_id 重试。"),
    Code.STORAGE_FULL: ErrorRow(True, 0, 507, "The server's disk is full; nothing was stored.", "服务器磁盘已满，未存储任何内容。"),
    Code.UNAVAILABLE: ErrorRow(True, 0, 503, "The server cannot do that now; try again.", "服务暂不可用，请重试。"),
    Code.TIMEOUT: ErrorRow(True, 0, 504, "That took too long; try again.", "操作超时，请重试。"),
    Code.METHOD_NOT_ALLOWED: ErrorRow(False, 0, 405, "That method is not allowed here.", "不允许使用该方法。"),
    Code.INTERNAL_ERROR: ErrorRow(True, 1011, 500, "Something went wrong on the server.", "服务器内部错误。"),
}
