// The form of every variable that the server reads, and which of them do not go together. Pure: what the values come to is in
// config.ts, the only one who calls this.

import * as z from 'zod';
import { isLoopback } from './loopback.ts';
import { TOKEN_PROFILES } from './token-profiles.ts';

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

export const environmentSchema = z
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isSecureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || isLoopback(url.hostname);
}
