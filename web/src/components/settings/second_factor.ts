/** How somebody signs in beside the password (`GET /api/v1/me/second-factor`). */
export interface SecondFactor {
  readonly totp: boolean;
  readonly totp_since_ms: number;
  readonly recovery_codes_left: number;
  readonly passkeys: number;
  /** False: who they are is proved elsewhere. */
  readonly has_password: boolean;
  /** Since when accounts at the other provider are theirs here. */
  readonly linked: readonly number[];
}

/** One of somebody's passkeys. */
export interface Passkey {
  readonly passkey_id: string;
  readonly name: string;
  readonly created_ms: number;
  /** 0: never. */
  readonly used_ms: number;
}

/** What somebody showed once more of themselves; the code is empty where none was asked for. */
export interface Proof {
  readonly password: string;
  readonly code: string;
}
