// Environment → one readonly ServerConfig, or one report of all faults. The only reader of the environment in this half.

import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import * as z from 'zod';
import { ServerError } from './errors.ts';
import type { LogLevel } from './log.ts';
import { profileOf, TOKEN_PROFILES, type TokenProfile } from './token-profiles.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An authorization server whose access tokens are accepted. */
export interface TrustedIssuer {
  /** Issuer identifier exactly as its metadata and its tokens spell it; Auth0's ends in a slash. */
  readonly issuer: string;
  /** A token must be issued for one of these; compared as strings. */
  readonly audiences: readonly string[];
  /** Audiences that may stand beside one of ours, such as a project id; a token for one of these alone is refused. */
  readonly toleratedAudiences: readonly string[];
  readonly profile: TokenProfile;
  /** Where its keys are; `undefined` means: ask the issuer's metadata. */
  readonly jwksUri: string | undefined;
  /** Who we are when we ask it about opaque tokens; `undefined` means that those are refused. */
  readonly introspection: { readonly clientId: string; readonly clientSecret: string } | undefined;
}

/** How the embedded authorization server writes its tokens and answers its endpoints. */
export type Dialect = 'rfc9068' | 'auth0';

/** What `tools/list` shows: every tool with the scopes it needs, or only what the caller's token may call. */
export type ToolVisibility = 'all' | 'granted';

export interface ServerConfig {
  /** Addresses to bind, all on `port`. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Canonical URL of the MCP endpoint: the resource identifier of RFC 8707 and RFC 9728. */
  readonly resource: string;
  /** Other spellings of the same resource: the three loopback names. Empty when the resource is not on loopback. */
  readonly resourceAliases: readonly string[];
  /** Host names that a `Host` header may carry, without port. */
  readonly allowedHostnames: readonly string[];
  /** Host names that an `Origin` header may carry, without port. */
  readonly allowedOriginHostnames: readonly string[];
  readonly issuer: TrustedIssuer;
  /** `issuer` and any others whose tokens are accepted as well. */
  readonly issuers: readonly TrustedIssuer[];
  /** The embedded authorization server; `undefined` when another issuer is configured. */
  readonly authorizationServer:
    | {
        readonly port: number;
        readonly issuer: string;
        readonly dialect: Dialect;
        /** Hosts that clients may be documents on; `undefined` means any on the public internet. */
        readonly clientHosts: readonly string[] | undefined;
      }
    | undefined;
  /** Where keys, clients and data live; created with mode 0700. */
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly toolVisibility: ToolVisibility;
  /** Offer the fixtures of the conformance suite beside the tools; on loopback only. */
  readonly conformanceFixtures: boolean;
  /** Loopback port of the Prometheus metrics; `undefined` means none. */
  readonly metricsPort: number | undefined;
  /** Requests that one principal may make in a minute. */
  readonly rateLimitPerMinute: number;
  /** OTLP collector for traces; `undefined` means no traces. */
  readonly traceEndpoint: string | undefined;
}

const LOOPBACK_HOSTNAMES = ['localhost', '127.0.0.1', '[::1]'] as const;
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'] as const;
const DEFAULT_PORT = 8000;
const DEFAULT_AUTH_SERVER_PORT = 8001;
/** Ten a second: far above what an agent does, far below what hurts. */
const DEFAULT_RATE_LIMIT_PER_MINUTE = 600;

const portNumber = z
  .string()
  .regex(/^\d+$/, 'a port number from 1 to 65535')
  .transform(Number)
  .refine((port) => port >= 1 && port <= 65_535, 'a port number from 1 to 65535');
const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'an absolute http or https URL')
  .refine((text) => !text.includes('#'), 'a URL without a fragment');
const secureUrl = httpUrl.refine(isSecureUrl, 'an https URL (plain http is for loopback only)');

const profile = z.enum(TOKEN_PROFILES, `one of ${TOKEN_PROFILES.join(', ')}`);
const additionalIssuers = z.array(
  z.strictObject({
    issuer: secureUrl,
    audience: z.string().optional(),
    profile: profile.optional(),
    jwks_uri: secureUrl.optional(),
  }),
  'a JSON array of objects with issuer and optionally audience, profile and jwks_uri',
);

const schema = z
  .object({
    HOST: z.string().default('localhost'),
    PORT: portNumber.default(DEFAULT_PORT),
    PUBLIC_URL: secureUrl.optional(),
    ALLOWED_ORIGINS: z
      .string()
      .default('')
      .transform((list) => list.split(/[\s,]+/).filter(Boolean))
      .pipe(z.array(httpUrl)),
    AUTH_SERVER_PORT: portNumber.default(DEFAULT_AUTH_SERVER_PORT),
    AUTH_SERVER_DIALECT: z.enum(['rfc9068', 'auth0'], 'rfc9068 or auth0').default('rfc9068'),
    AUTH_SERVER_CLIENT_HOSTS: z
      .string()
      .transform((list) =>
        list
          .toLowerCase()
          .split(/[\s,]+/)
          .filter(Boolean),
      )
      .pipe(z.array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'host names such as tool.example.com')))
      .optional(),
    DATA_DIR: z.string().default('.data'),
    TOOL_VISIBILITY: z.enum(['all', 'granted'], 'all or granted').default('all'),
    CONFORMANCE_FIXTURES: z
      .enum(['0', '1'], '0 or 1')
      .default('0')
      .transform((flag) => flag === '1'),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'one of debug, info, warn, error').default('info'),
    AUTH0_DOMAIN: z
      .string()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, 'a host name such as TENANT.eu.auth0.com, without https:// and slash')
      .optional(),
    AUTH0_AUDIENCE: httpUrl.optional(),
    AUTH_ISSUER: secureUrl.optional(),
    AUTH_AUDIENCE: z.string().optional(),
    AUTH_TOLERATED_AUDIENCES: z
      .string()
      .default('')
      .transform((list) => list.split(/\s+/).filter(Boolean)),
    AUTH_JWKS_URI: secureUrl.optional(),
    AUTH_TOKEN_PROFILE: profile.optional(),
    AUTH_ADDITIONAL_ISSUERS: z.string().transform(parseJson).pipe(additionalIssuers).optional(),
    AUTH_INTROSPECTION_CLIENT_ID: z.string().optional(),
    AUTH_INTROSPECTION_CLIENT_SECRET: z.string().optional(),
    METRICS_PORT: portNumber.optional(),
    RATE_LIMIT_PER_MINUTE: z
      .string()
      .regex(/^[1-9]\d{0,6}$/, 'a whole number from 1')
      .transform(Number)
      .default(DEFAULT_RATE_LIMIT_PER_MINUTE),
    OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  })
  .superRefine((env, context) => {
    const fault = (variable: string, expected: string) =>
      context.addIssue({ code: 'custom', path: [variable], message: expected });
    if (env.AUTH0_DOMAIN && !env.AUTH0_AUDIENCE)
      fault('AUTH0_AUDIENCE', 'the identifier of your API in Auth0, because AUTH0_DOMAIN is set');
    if (env.AUTH0_AUDIENCE && !env.AUTH0_DOMAIN)
      fault('AUTH0_DOMAIN', 'your tenant, such as TENANT.eu.auth0.com, because AUTH0_AUDIENCE is set');
    if (env.AUTH0_DOMAIN && env.AUTH_ISSUER)
      fault('AUTH_ISSUER', 'to be unset, because AUTH0_DOMAIN already names the issuer');
    for (const variable of ['AUTH_AUDIENCE', 'AUTH_JWKS_URI', 'AUTH_TOKEN_PROFILE'] as const)
      if (env[variable] && !env.AUTH_ISSUER && !env.AUTH0_DOMAIN)
        fault('AUTH_ISSUER', `the issuer that ${variable} belongs to`);
    if (Boolean(env.AUTH_INTROSPECTION_CLIENT_ID) !== Boolean(env.AUTH_INTROSPECTION_CLIENT_SECRET))
      fault(
        env.AUTH_INTROSPECTION_CLIENT_ID ? 'AUTH_INTROSPECTION_CLIENT_SECRET' : 'AUTH_INTROSPECTION_CLIENT_ID',
        'a value, because the other half of the introspection client is set',
      );
    if (!isLoopback(env.HOST) && env.CONFORMANCE_FIXTURES)
      fault('CONFORMANCE_FIXTURES', 'to be unset, because HOST is not loopback and the fixtures are for tests only');
    if (!isLoopback(env.HOST) && !env.PUBLIC_URL)
      fault('PUBLIC_URL', 'the URL under which clients reach this server, because HOST is not loopback');
    if (!isLoopback(env.HOST) && !env.AUTH0_DOMAIN && !env.AUTH_ISSUER)
      fault('AUTH_ISSUER', 'your issuer, because the embedded authorization server is for loopback only');
    if (env.PORT === env.AUTH_SERVER_PORT && !env.AUTH0_DOMAIN && !env.AUTH_ISSUER)
      fault('AUTH_SERVER_PORT', 'a port other than PORT');
  });

/** The variables that this half reads. */
export const SERVER_VARIABLES: readonly string[] = Object.keys(schema.shape);

/** The process environment over `.env` (dotenv's syntax) in the working directory; the shell's value wins. */
export function loadEnvironment(shell: Environment = process.env, file = '.env'): Environment {
  const stated = Object.fromEntries(Object.entries(shell).filter(([, value]) => value !== undefined && value !== ''));
  return { ...parse(readIfPresent(file)), ...stated };
}

/**
 * Turns the environment into the server's configuration. An empty variable counts as unset.
 *
 * @throws {ServerError} `invalid_configuration` with every fault in its message, one a line
 */
export function parseConfig(environment: Environment): ServerConfig {
  const result = schema.safeParse(withoutEmpty(environment));
  if (!result.success) throw new ServerError('invalid_configuration', report(result.error.issues, environment));
  const env = result.data;

  const resource = env.PUBLIC_URL ?? `http://localhost:${env.PORT}/mcp`;
  const resourceAliases = loopbackAliases(resource);
  const embedded = !env.AUTH0_DOMAIN && !env.AUTH_ISSUER;
  // Auth0's issuers end in a slash, and its double has to be as exact.
  const embeddedIssuer = `http://localhost:${env.AUTH_SERVER_PORT}${env.AUTH_SERVER_DIALECT === 'auth0' ? '/' : ''}`;
  const audience = env.AUTH0_AUDIENCE ?? env.AUTH_AUDIENCE ?? resource;
  const publicHostname = new URL(resource).hostname;

  const issuerName = env.AUTH0_DOMAIN ? `https://${env.AUTH0_DOMAIN}/` : (env.AUTH_ISSUER ?? embeddedIssuer);
  const issuer: TrustedIssuer = {
    issuer: issuerName,
    audiences: unique([audience, ...loopbackAliases(audience)]),
    toleratedAudiences: env.AUTH_TOLERATED_AUDIENCES,
    profile: env.AUTH_TOKEN_PROFILE ?? (embedded ? env.AUTH_SERVER_DIALECT : profileOf(issuerName)),
    jwksUri: env.AUTH_JWKS_URI,
    introspection:
      env.AUTH_INTROSPECTION_CLIENT_ID && env.AUTH_INTROSPECTION_CLIENT_SECRET
        ? { clientId: env.AUTH_INTROSPECTION_CLIENT_ID, clientSecret: env.AUTH_INTROSPECTION_CLIENT_SECRET }
        : undefined,
  };
  const additional = (env.AUTH_ADDITIONAL_ISSUERS ?? []).map((other): TrustedIssuer => {
    const own = other.audience ?? resource;
    return {
      issuer: other.issuer,
      audiences: unique([own, ...loopbackAliases(own)]),
      toleratedAudiences: [],
      profile: other.profile ?? profileOf(other.issuer),
      jwksUri: other.jwks_uri,
      introspection: undefined,
    };
  });

  return {
    addresses: isLoopback(env.HOST) ? LOOPBACK_ADDRESSES : [env.HOST],
    port: env.PORT,
    resource,
    resourceAliases,
    allowedHostnames: unique([publicHostname, ...(isLoopback(env.HOST) ? LOOPBACK_HOSTNAMES : [])]),
    allowedOriginHostnames: unique([
      publicHostname,
      ...(isLoopback(env.HOST) ? LOOPBACK_HOSTNAMES : []),
      ...env.ALLOWED_ORIGINS.map((origin) => new URL(origin).hostname),
    ]),
    issuer,
    issuers: [issuer, ...additional],
    authorizationServer: embedded
      ? {
          port: env.AUTH_SERVER_PORT,
          issuer: embeddedIssuer,
          dialect: env.AUTH_SERVER_DIALECT,
          clientHosts: env.AUTH_SERVER_CLIENT_HOSTS,
        }
      : undefined,
    dataDir: env.DATA_DIR,
    logLevel: env.LOG_LEVEL,
    toolVisibility: env.TOOL_VISIBILITY,
    conformanceFixtures: env.CONFORMANCE_FIXTURES,
    metricsPort: env.METRICS_PORT,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The other loopback spellings of `url`, or none when it is not on loopback. */
function loopbackAliases(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { hostname } = new URL(url);
  if (!isLoopback(hostname)) return [];
  return LOOPBACK_HOSTNAMES.filter((name) => name !== hostname).map((name) =>
    url.replace(`//${hostname}`, `//${name}`),
  );
}

function isLoopback(host: string): boolean {
  return [...LOOPBACK_HOSTNAMES, ...LOOPBACK_ADDRESSES].some((name) => name === host);
}

function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}

function report(issues: readonly z.core.$ZodIssue[], environment: Environment): string {
  const lines = issues.map((issue) => {
    const variable = String(issue.path[0]);
    const value = environment[variable];
    const came = value === undefined || value === '' ? 'it is not set' : `got ${JSON.stringify(value.slice(0, 80))}`;
    return `  ${variable}: expected ${issue.message}, ${came}`;
  });
  return `The configuration has ${lines.length === 1 ? 'a fault' : `${lines.length} faults`}:\n${unique(lines).join('\n')}\nEvery variable is explained in .env.example.`;
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function readIfPresent(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw new ServerError('invalid_configuration', `Cannot read ${file}: ${String(error)}`, { cause: error });
  }
}
