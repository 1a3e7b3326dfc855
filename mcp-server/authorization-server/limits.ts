// Every number of the authorization server, with its unit and its reason.

/** In `DATA_DIR`. */
export const DATABASE_FILE_NAME = 'authorization-server.sqlite';

/** How long things live, in seconds. */
export const LIFETIMES_SECONDS = {
  /** Access tokens are verified offline; a resource server that does not read the revocation list takes them this long. */
  accessToken: 10 * 60,
  /** A code is redeemed by the program that waits for it, at once. RFC 6749 §4.1.2 allows ten minutes at most. */
  authorizationCode: 60,
  /** Time to walk to another device, type the code and sign in there. */
  deviceCode: 10 * 60,
  idToken: 10 * 60,
  /** Time a person has between the first page and the last. */
  interaction: 60 * 60,
  /** A refresh token that nobody used for two weeks is forgotten; rotation starts the two weeks again. */
  refreshToken: 14 * 24 * 60 * 60,
  /** A consent ends after 30 days and all its refresh tokens with it, rotated or not. */
  grant: 30 * 24 * 60 * 60,
  /** How long the browser stays signed in. */
  session: 14 * 24 * 60 * 60,
  /** The right to change or remove a registration lives as long as a grant. */
  registrationAccessToken: 30 * 24 * 60 * 60,
} as const;

/**
 * A refresh token that was rotated works this much longer, in seconds. Parallel calls and lost answers would otherwise cost
 * people their login. The price: whoever steals one within these seconds gets a sibling that rotation does not notice.
 * Reuse after that ends the whole family.
 */
export const OVERLAP_SECONDS = 10;

/** The list of revoked tokens that resource servers read. */
export const REVOCATION_LIMITS = {
  /** Entries outlive the last access token by this, for clocks that differ. */
  marginSeconds: 60,
  /** More single denials of one client than this become one denial of everything that it holds. */
  maxTokensPerClient: 100,
} as const;

/** Clients that registered themselves. */
export const CLIENT_LIMITS = {
  /** Registered clients at most; a full store with nobody idle refuses newcomers and never a client that is in use. */
  maxClients: 500,
  /** Without a grant and unused for this long, a client is forgotten. */
  idleSeconds: 24 * 60 * 60,
  /** A full store forgets idle clients sooner, but leaves each this time to get its first consent. */
  graceSeconds: 60 * 60,
  /** Registrations per address and window. */
  maxPerWindow: 100,
  windowMs: 60 * 60 * 1_000,
  maxBodyBytes: 16 * 1024,
  maxRedirectUris: 10,
  maxUriLength: 512,
  maxNameLength: 80,
} as const;

/** Names and passwords. */
export const PASSWORD_LIMITS = {
  /** Tries per name and per address in a window; then neither is checked, right or wrong, until the window ends. */
  maxTriesPerName: 10,
  maxTriesPerAddress: 30,
  windowMs: 15 * 60 * 1_000,
  /** Each check takes 32 MiB. */
  maxConcurrentChecks: 4,
  maxWaitingChecks: 32,
  maxNameLength: 100,
  /** NIST SP 800-63B §3.1.1.2 */
  minPasswordLength: 8,
  maxPasswordLength: 200,
} as const;

/** A new signing key is published first and used later. */
export const KEY_ROTATION_SECONDS = {
  /** Resource servers fetch keys every ten minutes; by then all of them know the next one. */
  publishAhead: 15 * 60,
  /** An old key verifies this long after it last signed: the life of a token, and clocks that differ. */
  keepAfter: 20 * 60,
} as const;

/** Client id metadata documents: other people's servers, asked because a stranger said so. */
export const METADATA_DOCUMENT_LIMITS = {
  maxUrlLength: 512,
  /** The draft's own limit; a document that says more about itself than that is not read. */
  maxDocumentLength: 5 * 1024,
  /** A set of keys comes the same way. */
  maxFetchedBytes: 64 * 1024,
  /** Two in use and a few that are coming or going. */
  maxKeys: 8,
  /** A document with its keys in it, as it is kept. */
  maxKeptBytes: 16 * 1024,
  /** Fetches in a window, all strangers together. */
  maxPerWindow: 60,
  windowMs: 10 * 60 * 1_000,
  cacheSeconds: { min: 60, max: 60 * 60 },
} as const;

/** The code that a person types. 20^8 codes are 34 bits; with this many tries nobody guesses one in its ten minutes. */
export const DEVICE_LIMITS = {
  maxTriesPerWindow: 20,
  windowMs: 10 * 60 * 1_000,
  /** Time between two polls, in seconds. RFC 8628 §3.2, §3.5 */
  pollIntervalSeconds: 5,
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
  maxRowsPerModel: { default: 2_000, DeviceCode: 500, RefreshToken: 20_000, ReplayDetection: 20_000 } as Readonly<
    Record<string, number>
  > & {
    default: number;
  },
  /** Names and addresses whose wrong passwords are remembered; the oldest window makes room. */
  maxAttemptRows: 10_000,
  /** How long a write waits for another process that writes. */
  busyTimeoutMs: 5_000,
} as const;
