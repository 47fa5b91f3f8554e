/** Every error a peer can see.  Generated from `spec/errors.toml` by `make generate`; do not edit. */

export interface ErrorRow {
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** The WebSocket close code; 0: the connection stays. */
  readonly close: number;
  readonly http: number;
  readonly en: string;
  readonly zh: string;
}

export const ERRORS = {
  bad_frame: { retry: false, close: 1007, http: 400, en: "The frame cannot be read.", zh: "无法解析该帧。" },
  bad_request: { retry: false, close: 0, http: 400, en: "The request is not valid.", zh: "请求无效。" },
  unknown_frame: { retry: false, close: 0, http: 400, en: "This server does not know that kind of frame.", zh: "服务器不认识这种帧。" },
  too_large: { retry: false, close: 1009, http: 413, en: "That is larger than the server accepts.", zh: "内容超过服务器允许的大小。" },
  text_too_long: { retry: false, close: 0, http: 413, en: "The text is too long.", zh: "文本过长。" },
  header_too_large: { retry: false, close: 0, http: 431, en: "The request header is too large.", zh: "请求头过大。" },
  unsupported_protocol: { retry: false, close: 4406, http: 400, en: "This server does not speak that version of the protocol.", zh: "服务器不支持该协议版本。" },
  hello_expected: { retry: false, close: 4401, http: 400, en: "The first frame must be a hello.", zh: "第一帧必须是 hello。" },
  hello_timeout: { retry: true, close: 4408, http: 408, en: "No hello came in time.", zh: "未在规定时间内收到 hello。" },
  unauthenticated: { retry: false, close: 4401, http: 401, en: "Log in first.", zh: "请先登录。" },
  bad_token: { retry: false, close: 4401, http: 401, en: "The token is not valid.", zh: "令牌无效。" },
  token_expired: { retry: false, close: 4402, http: 401, en: "The token has ended; refresh it.", zh: "令牌已过期，请刷新。" },
  wrong_user: { retry: false, close: 4403, http: 403, en: "The token belongs to another person or device.", zh: "令牌属于其他用户或设备。" },
  bad_credentials: { retry: false, close: 0, http: 401, en: "The name or the password is wrong.", zh: "用户名或密码错误。" },
  second_factor_needed: { retry: false, close: 0, http: 403, en: "The password is right; a code of the second step is needed as well.", zh: "密码正确，还需要第二步验证的代码。" },
  bad_second_factor: { retry: false, close: 0, http: 400, en: "The code is wrong, or was used before.", zh: "代码错误或已被使用。" },
  bad_passkey: { retry: false, close: 0, http: 400, en: "The passkey is not good here, or took too long.", zh: "通行密钥无效或操作超时。" },
  second_factor_required: { retry: false, close: 4403, http: 403, en: "Administrators need a second step to sign in here: set yours up at /oauth/security.", zh: "此服务器要求管理员启用第二步验证：请在 /oauth/security 设置。" },
  insufficient_scope: { retry: false, close: 4403, http: 403, en: "The token does not allow that.", zh: "令牌权限不足。" },
  bad_client: { retry: false, close: 0, http: 401, en: "The client is not known, or its secret is wrong.", zh: "客户端未知，或其密钥错误。" },
  bad_scope: { retry: false, close: 0, http: 400, en: "That is more than may be allowed here.", zh: "请求的权限超出允许范围。" },
  authorization_pending: { retry: true, close: 0, http: 400, en: "The person has not decided yet.", zh: "用户尚未作出决定。" },
  slow_down: { retry: true, close: 0, http: 400, en: "Ask less often.", zh: "请降低请求频率。" },
  access_denied: { retry: false, close: 0, http: 403, en: "The person said no.", zh: "用户已拒绝。" },
  forbidden: { retry: false, close: 4403, http: 403, en: "You may not do that.", zh: "您无权执行此操作。" },
  bad_origin: { retry: false, close: 4403, http: 403, en: "This web page may not connect.", zh: "不允许该网页连接。" },
  session_ended: { retry: false, close: 4410, http: 401, en: "The login was ended.", zh: "登录已被终止。" },
  session_replaced: { retry: false, close: 4409, http: 409, en: "Another device took this session's place.", zh: "会话已被其他设备取代。" },
  session_refused: { retry: true, close: 4423, http: 409, en: "This account is already connected on another device.", zh: "该账号已在其他设备上连接。" },
  heartbeat_missed: { retry: true, close: 4408, http: 408, en: "The peer stopped answering.", zh: "对方停止响应。" },
  slow_reader: { retry: true, close: 4429, http: 429, en: "The peer reads too slowly.", zh: "对方读取过慢。" },
  going_away: { retry: true, close: 1012, http: 503, en: "The server is going away; connect again.", zh: "服务器即将关闭，请重新连接。" },
  rate_limited: { retry: true, close: 0, http: 429, en: "Too many requests; wait a moment.", zh: "请求过于频繁，请稍后再试。" },
  overloaded: { retry: true, close: 1013, http: 503, en: "The server has too much to do; try again.", zh: "服务器繁忙，请重试。" },
  not_found: { retry: false, close: 0, http: 404, en: "There is no such thing.", zh: "对象不存在。" },
  conversation_not_found: { retry: false, close: 0, http: 404, en: "There is no such conversation.", zh: "会话不存在。" },
  conversation_dissolved: { retry: false, close: 0, http: 410, en: "The conversation was dissolved.", zh: "会话已解散。" },
  not_a_member: { retry: false, close: 0, http: 403, en: "You are not a member of this conversation.", zh: "您不是该会话的成员。" },
  already_a_member: { retry: false, close: 0, http: 409, en: "That person is already a member.", zh: "该用户已是成员。" },
  banned: { retry: false, close: 0, http: 403, en: "You were banned from this conversation.", zh: "您已被该会话封禁。" },
  muted: { retry: true, close: 0, http: 403, en: "You may not send here now.", zh: "您当前被禁言。" },
  slow_mode: { retry: true, close: 0, http: 429, en: "Slow mode is on; wait before sending again.", zh: "慢速模式已开启，请稍候再发送。" },
  message_not_found: { retry: false, close: 0, http: 404, en: "There is no such message.", zh: "消息不存在。" },
  file_not_found: { retry: false, close: 0, http: 404, en: "There is no such file, or it is not for you.", zh: "文件不存在，或您无权使用。" },
  file_too_large: { retry: false, close: 0, http: 413, en: "The file is larger than this place takes.", zh: "文件超过此处允许的大小。" },
  file_quota: { retry: false, close: 0, http: 409, en: "Your files already take all the room you have.", zh: "您的文件存储空间已用完。" },
  files_off: { retry: false, close: 0, http: 503, en: "This server takes no files.", zh: "此服务器不接收文件。" },
  bad_range: { retry: false, close: 0, http: 416, en: "The file has no such part.", zh: "文件没有所请求的部分。" },
  message_recalled: { retry: false, close: 0, http: 410, en: "The message was recalled.", zh: "消息已撤回。" },
  user_not_found: { retry: false, close: 0, http: 404, en: "There is no such person.", zh: "用户不存在。" },
  conflict: { retry: false, close: 0, http: 409, en: "That client_id was used for something else.", zh: "该 client_id 已用于其他内容。" },
  predecessor_missing: { retry: true, close: 0, http: 409, en: "The entry this one must follow is not stored.", zh: "前序条目尚未存储。" },
  too_many_members: { retry: false, close: 0, http: 400, en: "Too many people at once.", zh: "一次添加的人数过多。" },
  username_taken: { retry: false, close: 0, http: 409, en: "That name is taken.", zh: "用户名已被占用。" },
  bad_username: { retry: false, close: 0, http: 400, en: "A name has 2 to 32 letters, digits, dots, dashes or underscores.", zh: "用户名须为 2 到 32 个字母、数字、点、短横线或下划线。" },
  weak_password: { retry: false, close: 0, http: 400, en: "A password has at least 8 characters.", zh: "密码至少需要 8 个字符。" },
  registration_closed: { retry: false, close: 0, http: 403, en: "This server does not take new accounts.", zh: "服务器不接受新账号注册。" },
  bad_invitation: { retry: false, close: 0, http: 403, en: "An account is made with an invitation code here, and this one is not good (any more).", zh: "此处注册需要邀请码，而该邀请码无效或已失效。" },
  approval_pending: { retry: false, close: 0, http: 403, en: "An administrator has not let this account in yet.", zh: "管理员尚未批准此账户。" },
  bad_link: { retry: false, close: 0, http: 403, en: "This link is not good (any more). Ask for another one.", zh: "此链接无效或已失效，请重新申请。" },
  setup_done: { retry: false, close: 0, http: 409, en: "This server is already set up.", zh: "服务器已完成初始化。" },
  bad_setup_token: { retry: false, close: 0, http: 403, en: "The set-up link is not valid.", zh: "初始化链接无效。" },
  bad_cursor: { retry: false, close: 0, http: 400, en: "The cursor is not valid.", zh: "游标无效。" },
  scheduled_in_past: { retry: false, close: 0, http: 400, en: "The time has already passed.", zh: "指定时间已过。" },
  epoch_changed: { retry: true, close: 0, http: 409, en: "The log was replaced; what is cached is stale.", zh: "日志已更换，缓存已失效。" },
  unknown_outcome: { retry: true, close: 0, http: 503, en: "The outcome is not known; try again with the same client_id.", zh: "结果未知，请使用相同的 client_id 重试。" },
  storage_full: { retry: true, close: 0, http: 507, en: "The server's disk is full; nothing was stored.", zh: "服务器磁盘已满，未存储任何内容。" },
  unavailable: { retry: true, close: 0, http: 503, en: "The server cannot do that now; try again.", zh: "服务暂不可用，请重试。" },
  timeout: { retry: true, close: 0, http: 504, en: "That took too long; try again.", zh: "操作超时，请重试。" },
  method_not_allowed: { retry: false, close: 0, http: 405, en: "That method is not allowed here.", zh: "不允许使用该方法。" },
  internal_error: { retry: true, close: 1011, http: 500, en: "Something went wrong on the server.", zh: "服务器内部错误。" },
} as const satisfies Record<string, ErrorRow>;

/** The name of an error on the wire. */
export type Code = keyof typeof ERRORS;
