// What a login needs of a person, declared here because the chat and the commands that have one come later. Without a prompt
// there is nobody to ask: whatever needs a person then fails with `login_required`.

/** How a person can sign in from here. */
export type LoginMethod =
  /** A browser on this machine, and a listener on loopback. */
  | 'browser'
  /** A browser elsewhere; the person pastes the address that it ends at. */
  | 'paste'
  /** A code typed on another device. */
  | 'device';

/** Why a person is asked, and for what. Names and scopes come from the server and the issuer. */
export interface LoginRequest {
  /** The server's name in the configuration. */
  readonly server: string;
  readonly serverUrl: string;
  readonly issuer: string;
  readonly reason: 'first-login' | 'expired' | 'step-up';
  /** Whether the person has just asked for this login. */
  readonly isRequested: boolean;
  /** Scopes that the token holds now. */
  readonly held: readonly string[];
  /** All scopes that will be asked for. */
  readonly requested: readonly string[];
}

export interface LoginPrompt {
  /** What is possible here, best first; empty where a person can be told but not asked. */
  readonly methods: readonly LoginMethod[];
  /** Asks before anything opens, unless the person has just asked for it; the default is no. Rejects when `signal` aborts. */
  confirm(request: LoginRequest, signal: AbortSignal): Promise<boolean>;
  /**
   * Shows the authorization URL and, for `browser`, opens it. The URL has been checked: https, or http on loopback.
   * Must not put it into any log.
   */
  showAuthorizationUrl(url: URL, method: 'browser' | 'paste'): Promise<void>;
  /** Reads the address that the browser ended at. Rejects when `signal` aborts. */
  readPastedRedirect(signal: AbortSignal): Promise<string>;
  showDeviceCode(code: DeviceCode): void;
}

export interface DeviceCode {
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | undefined;
  readonly expiresInSeconds: number;
}

/** What is known of a login, without its tokens. */
export interface LoginStatus {
  readonly issuer: string;
  readonly resource: string;
  readonly clientId: string;
  readonly grant: 'client-credentials' | 'authorization-code' | 'device-code' | 'jwt-bearer' | 'id-jag' | 'pre-issued';
  readonly profile: string;
  /** Who signed in, where the token says so. */
  readonly user: string | undefined;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch; `undefined` when the issuer does not say. */
  readonly expiresAtMs: number | undefined;
  readonly canRefresh: boolean;
}

/** What a login is at: a person has to act, is acting on new scopes, has acted, or said no. */
export type AuthState = 'login-needed' | 'step-up' | 'logged-in' | 'refused';
