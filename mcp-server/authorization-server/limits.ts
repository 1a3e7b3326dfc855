// Every number of the authorization server, with its unit and its reason. Nothing here is configurable yet.

/** How long things live, in seconds. */
export const LIFETIMES_SECONDS = {
  /** Access tokens cannot be taken back (they are verified offline), so they are short. */
  accessToken: 10 * 60,
  /** A code is redeemed by the program that waits for it, at once. RFC 6749 §4.1.2 allows ten minutes at most. */
  authorizationCode: 60,
  idToken: 10 * 60,
  /** Time a person has between the first page and the last. */
  interaction: 60 * 60,
  /** A refresh token that nobody used for two weeks is forgotten; rotation starts the two weeks again. */
  refreshToken: 14 * 24 * 60 * 60,
  /** A consent ends after 30 days and all its refresh tokens with it, rotated or not. */
  grant: 30 * 24 * 60 * 60,
  /** How long the browser stays signed in. */
  session: 14 * 24 * 60 * 60,
} as const;

/** What one request may cost. */
export const REQUEST_LIMITS = {
  /** The size that oidc-provider allows as well. */
  maxBodyBytes: 56 * 1024,
  /** A form is sent at once; a body that trickles in longer is cut off. */
  bodyTimeoutMs: 10_000,
} as const;

/** What the store keeps. */
export const STORE_LIMITS = {
  /** Expired rows removed per write: more than a write can add, so that the store shrinks by itself. */
  sweepRowsPerWrite: 16,
  /** Expired rows stay this long, so that late use is refused as what it is and oidc-provider's clock tolerance fits. */
  sweepGraceSeconds: 10 * 60,
  /**
   * Rows per model; the ones that expire first make room. Anybody can start interactions without signing in, so this
   * is what keeps the file small. A rotated refresh token leaves a used row for two weeks, hence the larger number.
   */
  maxRowsPerModel: { default: 2_000, RefreshToken: 20_000 } as Readonly<Record<string, number>> & { default: number },
  /** How long a write waits for another process that writes. */
  busyTimeoutMs: 5_000,
} as const;
