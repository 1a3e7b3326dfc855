// Environment → one readonly ServerConfig, or one report of all faults. The only reader of the environment in this half.

import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import type * as z from 'zod';
import { environmentSchema } from './environment-schema.ts';
import { ServerError } from './errors.ts';
import type { LogLevel } from './log.ts';
import { isLoopback, LOOPBACK_ADDRESSES, LOOPBACK_HOSTNAMES, loopbackAliases } from './loopback.ts';
import { profileOf, type TokenProfile } from './token-profiles.ts';

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

/** The variables that this half reads. */
export const SERVER_VARIABLES: readonly string[] = Object.keys(environmentSchema.shape);

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
  const result = environmentSchema.safeParse(withoutEmpty(environment));
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
