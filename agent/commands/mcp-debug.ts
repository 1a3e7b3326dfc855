// `agent mcp debug NAME`: the way from a request without a token to one with a token, step by step, with what was seen at
// each. Sends no credential of its own accord before the last step, and shows none.

import { createBoundedFetch, type Fetch } from '../auth/bounded-fetch.ts';
import { discoverResource } from '../auth/discovery.ts';
import { visibleJson, visibleLine } from '../chat/visible-text.ts';
import type { AgentConfig, HttpServerConfig, McpServerConfig } from '../config.ts';
import { isSecureUrl } from '../credential-config.ts';
import { AgentError, EXIT_CODES } from '../errors.ts';
import { configuredSecrets } from '../mcp/configured-secrets.ts';
import { openLogin } from '../mcp/login-source.ts';
import { createOwnSecrets, type OwnSecrets } from '../mcp/own-secrets.ts';
import { redactDeep } from '../mcp/redacted-connection.ts';
import { createServers } from '../mcp/servers.ts';
import { noSuchServer } from '../mcp-file.ts';
import type { McpCommandOptions } from './mcp.ts';

interface Step {
  readonly step: string;
  readonly ok: boolean;
  /** What was seen, by name. All of it is the server's or the issuer's word. */
  readonly seen: Readonly<Record<string, unknown>>;
  /** What follows from it. */
  readonly note: string;
}

/** What is worth knowing of an issuer, out of its metadata. */
const ISSUER_MEMBERS = [
  'issuer',
  'authorization_endpoint',
  'token_endpoint',
  'device_authorization_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'grant_types_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'client_id_metadata_document_supported',
  'authorization_response_iss_parameter_supported',
  'dpop_signing_alg_values_supported',
];

/** Walks the way and tells of it. The exit code is that of the connection at its end. */
export async function mcpDebug(
  options: McpCommandOptions,
  name: string,
  fetch?: typeof globalThis.fetch,
): Promise<number> {
  const server = options.config.servers.find((candidate) => candidate.name === name);
  if (!server) throw noSuchServer(name, options.config.servers);
  const steps: Step[] = [];
  const { redact } = await secretsBefore(options.config, server);
  const note = (seen: Step) => {
    // Texts become texts, and everything else stays.
    const step = redactDeep(seen, redact) as Step;
    steps.push(step);
    if (!options.json) options.stdout(describe(step));
  };
  if (server.transport === 'http') await walk(server, createBoundedFetch(fetch), note);
  const servers = await createServers({ ...options, only: [name] });
  try {
    const [status] = servers.statuses().filter((one) => one.name === name);
    const failure = servers.failureOf(name);
    note({
      step: 'connect with a token',
      ok: failure === undefined,
      seen: {
        state: status?.state,
        protocol: status?.protocolVersion,
        tools: status?.toolCount,
        grant: status?.login?.grant ?? options.config.credential.kind,
        scopes: status?.login?.scopes,
      },
      note: failure?.message ?? '',
    });
    if (options.json)
      options.stdout(`${visibleJson(JSON.stringify({ server: name, url: status?.url, steps }, null, 2))}\n`);
    return failure ? EXIT_CODES[failure.code] : 0;
  } finally {
    await servers.close();
  }
}

/** A server that has had a token once may tell of it to whoever asks. */
async function secretsBefore(config: AgentConfig, server: McpServerConfig): Promise<OwnSecrets> {
  const secrets = createOwnSecrets(config.environment, await configuredSecrets(config));
  if (server.transport !== 'http') return secrets;
  try {
    // Brings the login out of the keyring, should it be there.
    await openLogin(server, { config, secrets }).status();
  } catch (error) {
    // What is wrong with the store is said by the step that needs a token.
    if (!(error instanceof AgentError)) throw error;
  }
  return secrets;
}

async function walk(server: HttpServerConfig, fetch: Fetch, note: (step: Step) => void): Promise<void> {
  const challenged = await attempt('request without a token', note, async () => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    const challenge = response.headers.get('www-authenticate') ?? undefined;
    const isChallenge = response.status === 401;
    const text = isChallenge
      ? challenge === undefined
        ? 'It refuses without saying where to get a token; the well-known addresses are tried.'
        : ''
      : 'It asks for no token: the rest of the way is not needed.';
    note({
      step: 'request without a token',
      ok: !isChallenge || challenge !== undefined,
      seen: { status: response.status, 'www-authenticate': challenge },
      note: text,
    });
    return isChallenge ? { metadataUrl: /resource_metadata="?([^",\s]+)/.exec(challenge ?? '')?.[1] } : undefined;
  });
  if (!challenged) return;
  const resource = await attempt('metadata of the resource (RFC 9728)', note, async () => {
    const found = await discoverResource(
      server.url,
      { resourceMetadataUrl: challenged.metadataUrl, scope: undefined },
      fetch,
    );
    note({
      step: 'metadata of the resource (RFC 9728)',
      ok: true,
      seen: { at: challenged.metadataUrl ?? 'well-known address', ...found },
      note: '',
    });
    return found;
  });
  for (const issuer of resource?.issuers ?? []) await lookAtIssuer(issuer, fetch, note);
}

async function lookAtIssuer(issuer: string, fetch: Fetch, note: (step: Step) => void): Promise<void> {
  const step = 'metadata of the issuer (RFC 8414)';
  if (!isSecureUrl(issuer)) {
    note({ step, ok: false, seen: { issuer }, note: 'It is neither https nor on this machine: not asked.' });
    return;
  }
  await attempt(step, note, async () => {
    const { origin, pathname } = new URL(issuer);
    const path = pathname.replace(/\/$/, '');
    const places = [
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      ...(path === '' ? [] : [`${origin}${path}/.well-known/openid-configuration`]),
    ];
    for (const place of places) {
      const response = await fetch(place, { headers: { accept: 'application/json' } });
      if (response.status !== 200) continue;
      const metadata: unknown = await response.json();
      if (typeof metadata !== 'object' || metadata === null) continue;
      const known = new Map(Object.entries(metadata));
      const named: unknown = known.get('issuer');
      const methods: unknown = known.get('code_challenge_methods_supported');
      const notes = [
        ...(named === issuer
          ? []
          : [`It calls itself ${JSON.stringify(named)}: another issuer, even if only a slash differs.`]),
        ...(Array.isArray(methods) && methods.includes('S256')
          ? []
          : ['It does not say that it takes PKCE with S256: no sign-in of a person.']),
      ];
      note({
        step,
        ok: named === issuer,
        seen: {
          at: place,
          ...Object.fromEntries(
            ISSUER_MEMBERS.filter((member) => known.has(member)).map((member) => [member, known.get(member)]),
          ),
        },
        note: notes.join(' '),
      });
      return;
    }
    note({ step, ok: false, seen: { issuer, tried: places }, note: 'It publishes no metadata there.' });
  });
}

/** What goes wrong in a step is its result. */
async function attempt<T>(step: string, note: (step: Step) => void, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AgentError || error instanceof SyntaxError)) throw error;
    note({ step, ok: false, seen: {}, note: error.message });
    return undefined;
  }
}

function describe({ step, ok, seen, note }: Step): string {
  const lines = Object.entries(seen)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `    ${name}: ${visibleLine(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 400)}\n`,
    );
  return `${ok ? '✓' : '✗'} ${step}\n${lines.join('')}${note === '' ? '' : `    ${visibleLine(note)}\n`}`;
}
