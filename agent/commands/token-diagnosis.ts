// Reads an access token as its server will, and names what is wrong with it. Decodes, and verifies nothing: no decision
// depends on it. No part of the token stands in what it returns but issuer, audience, times and scopes.

import type { LoginStatus } from '../auth/login-prompt.ts';
import { withScopes } from '../auth/token-rules.ts';
import type { AgentErrorCode } from '../errors.ts';

export interface Finding {
  /** What was looked at. */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly text: string;
  /** What to do; empty when there is nothing to do. */
  readonly advice: string;
  /** What kind of problem it is. */
  readonly code?: AgentErrorCode;
}

/** What the server says about itself, what time it is, and how one comes by another token. */
export interface Expectation {
  readonly resource: string;
  readonly issuers: readonly string[];
  /** All scopes that the server speaks of; `undefined` when it does not say. */
  readonly scopes: readonly string[] | undefined;
  readonly nowMs: number;
  /** How the token was come by. */
  readonly grant: LoginStatus['grant'] | undefined;
  /** Signs in a person. */
  readonly loginCommand: string;
}

type Claims = Readonly<Record<string, unknown>>;

/** Clocks of two machines differ by less, and servers tolerate it. */
const TOLERATED_SKEW_SECONDS = 30;

/** Findings about a token, the gravest first; one that says that all is well if it is. */
export function diagnoseToken(token: string, expected: Expectation): Finding[] {
  const claims = claimsOf(token);
  if (!claims) return [opaque(token, expected)];
  const findings = [
    issuerFinding(claims, expected),
    audienceFinding(claims, expected),
    ...timeFindings(claims, expected),
    ...scopeFindings(claims, expected),
  ].filter((finding) => finding !== undefined);
  if (findings.some(({ state }) => state === 'problem'))
    return findings.toSorted((a, b) => Number(b.state === 'problem') - Number(a.state === 'problem'));
  return [
    { check: 'token', state: 'ok', text: 'issuer, audience and times are as the server wants them', advice: '' },
    ...findings,
  ];
}

function problem(text: string, advice: string, code: AgentErrorCode = 'login_required'): Finding {
  return { check: 'token', state: 'problem', text, advice, code };
}

function warning(text: string, advice: string): Finding {
  return { check: 'token', state: 'warning', text, advice };
}

function opaque(token: string, { resource }: Expectation): Finding {
  const kind = token.split('.').length === 5 ? 'an encrypted token (JWE)' : 'an opaque token';
  return warning(
    `the issuer gave ${kind}: nothing can be read from it, and most servers cannot check it`,
    `Auth0 gives such tokens when no API is named: set AUTH0_AUDIENCE (elsewhere AUTH_AUDIENCE) to the identifier of the API, which should be ${resource}. If the server asks the issuer about tokens (RFC 7662), all is well.`,
  );
}

function issuerFinding({ iss }: Claims, { issuers }: Expectation): Finding | undefined {
  const named = issuers.map(quote).join(' or ');
  if (typeof iss !== 'string') return problem('it names no issuer (iss)', `The server takes tokens of ${named}.`);
  if (issuers.includes(iss)) return undefined;
  if (issuers.some((issuer) => withoutSlash(issuer) === withoutSlash(iss)))
    return problem(
      `its issuer is ${quote(iss)}, the server takes ${named}: a slash at the end makes another issuer`,
      `Configure the server with ${quote(iss)}, exactly so.`,
    );
  return problem(
    `its issuer is ${quote(iss)}, the server takes tokens of ${named}`,
    'Use a client of an issuer that the server trusts, or tell the server of this one.',
  );
}

function audienceFinding({ aud, iss }: Claims, { resource }: Expectation): Finding | undefined {
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string');
  if (audiences.length === 0)
    return problem(
      'it names no audience (aud)',
      `Ask for one: set AUTH_AUDIENCE=${resource}, or AUTH0_AUDIENCE with Auth0.`,
    );
  if (audiences.includes(resource)) return undefined;
  const said = audiences.map(quote).join(', ');
  if (audiences.some((one) => withoutSlash(one) === withoutSlash(resource)))
    return problem(
      `its audience is ${said}, the server is ${quote(resource)}: a slash at the end makes another audience`,
      `Name the API ${quote(resource)} at the issuer, exactly so.`,
    );
  if (audiences.some((one) => loopbackSpelling(one) === loopbackSpelling(resource)))
    return problem(
      `its audience is ${said}, the server calls itself ${quote(resource)}: the same machine, another name`,
      `Use the server under ${resource}, or name the API so.`,
    );
  if (typeof iss === 'string' && audiences.every((one) => one.startsWith(withoutSlash(iss))))
    return problem(
      `its audience is ${said}, the issuer itself: the API was not named, or the issuer ignored its name`,
      `Set AUTH0_AUDIENCE=${resource} (elsewhere AUTH_AUDIENCE), and see that the client may use that API.`,
    );
  return problem(
    `its audience is ${said}, the server is ${quote(resource)}: the issuer ignored the resource that was asked for (RFC 8707)`,
    `Name the API by AUTH_AUDIENCE or AUTH0_AUDIENCE. In Auth0, "Resource Parameter Compatibility Profile" makes it heed the resource.`,
  );
}

function timeFindings({ exp, nbf, iat }: Claims, { nowMs }: Expectation): Finding[] {
  const nowSeconds = nowMs / 1000;
  const ahead = Math.max(...[nbf, iat].map((time) => (typeof time === 'number' ? time - nowSeconds : 0)));
  return [
    ...(typeof exp === 'number' && exp <= nowSeconds
      ? [problem(`it expired ${duration(nowSeconds - exp)} ago`, 'Sign in again, or set a new MCP_BEARER_TOKEN.')]
      : []),
    ...(ahead > TOLERATED_SKEW_SECONDS
      ? [
          problem(
            `it was issued ${duration(ahead)} from now: the clocks of this machine and of the issuer differ`,
            'Set the clock, or have it set (NTP).',
          ),
        ]
      : []),
    ...(typeof exp === 'number'
      ? []
      : [warning('it says of no time at which it expires', 'Let the issuer limit its tokens.')]),
  ];
}

function scopeFindings(claims: Claims, expected: Expectation): Finding[] {
  const { scopes: wanted } = expected;
  const scopes = listOf(claims['scope'] ?? claims['scp']);
  const permissions = listOf(claims['permissions']);
  const elsewhere = permissions.filter((permission) => !scopes.includes(permission));
  const held = [...new Set([...scopes, ...permissions])];
  const missing = (wanted ?? []).filter((scope) => !held.includes(scope));
  return [
    ...(elsewhere.length > 0
      ? [
          warning(
            `${elsewhere.join(' ')} stand in permissions, not in scope: a server that reads scope alone does not see them`,
            'The server has to read permissions as well (token profile auth0), or the issuer has to put them into scope.',
          ),
        ]
      : []),
    ...(missing.length > 0
      ? [warning(`it lacks ${missing.join(' ')}, of which the server speaks`, waysTo(missing, expected))]
      : []),
  ];
}

/** How to get scopes that a token lacks: a person signs in for them, a machine is granted them, a ready-made token is replaced. */
function waysTo(scopes: readonly string[], { grant, loginCommand }: Expectation): string {
  const command = withScopes(loginCommand, scopes);
  switch (grant) {
    case 'authorization-code':
    case 'device-code':
      return `Sign in for them too: ${command}`;
    case 'pre-issued':
      return `Set MCP_BEARER_TOKEN to a token that carries them, or unset it and sign in: ${command}`;
    case 'client-credentials':
    case 'jwt-bearer':
    case 'id-jag':
    case undefined:
      return `The issuer is asked for them when a tool needs them. Where it refuses, grant them to the client there, or sign in: ${command}`;
  }
}

function listOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter(Boolean);
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [];
}

/** The payload of a signed JWT; `undefined` for anything else. */
function claimsOf(token: string): Claims | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}

function loopbackSpelling(text: string): string {
  return text.replace(/^(https?:\/\/)(?:127\.0\.0\.1|\[::1\])(?=[:/]|$)/, '$1localhost');
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** A value from the network: quoted and cut short. */
function quote(value: string): string {
  return JSON.stringify(value.slice(0, 200));
}
