// What the MCP server must do, one row per requirement: where it comes from and what is expected. Tests carry the id at the
// start of their title; requirements.test.ts fails on a row that no test carries.

export interface Requirement {
  readonly id: string;
  readonly source: string;
  readonly behaviour: string;
}

const row = (id: string, source: string, behaviour: string): Requirement => ({ id, source, behaviour });

export const REQUIREMENTS: readonly Requirement[] = [
  // What MCP 2026-07-28 asks of a protected server.
  row(
    'S1',
    'RFC 9728 §2, §3; MCP Authorization Server Discovery',
    'publishes protected-resource metadata with an issuer',
  ),
  row('S2', 'MCP Scope Selection Strategy', 'names the scopes to ask for in 401 and 403'),
  row('S3', 'MCP Token Handling; OAuth 2.1 §5.2', 'validates tokens: 401 invalid, 403 scope, 400 malformed'),
  row('S4', 'MCP Token Passthrough', 'passes no token on'),
  row(
    'S5',
    'MCP Scope Challenge Handling',
    '403 insufficient_scope names all scopes of the operation and the metadata',
  ),
  row('S6', 'MCP Scope Challenge Handling', 'a broad scope implies the narrow one'),
  row('S7', 'MCP Refresh Tokens', 'offline_access stands in no challenge and no metadata'),
  row('S8', 'MCP Streamable HTTP, Security & Endpoint', 'a foreign Origin is answered with 403'),
  row(
    'S9',
    'MCP Streamable HTTP',
    'headers and body must agree; unknown versions, methods and envelopes have their codes',
  ),
  row('S10', 'MCP Streamable HTTP', '2026-07-28 requests have no session; lists do not depend on the connection'),
  row('S11', 'MCP MRTR; security best practices', 'a state handle is a name, not a permission'),
  row('S12', 'MCP Caching', 'a list that depends on the caller is private'),
  row('S13', 'MCP Tools, Security Considerations', 'inputs are validated, calls are limited, errors leak nothing'),
  // Signature.
  row('R1.tampered', 'RFC 7515 §5.2', 'a payload changed after signing is refused'),
  row('R1.foreign-key', 'RFC 7515 §5.2', 'another key under a known kid is refused'),
  row('R1.truncated', 'RFC 7515 §5.2', 'a token cut short is refused'),
  row('R1.confusion', 'RFC 8725 §2.1', 'HS256 with the public key as the secret is refused'),
  row('R1.none', 'RFC 8725 §2.1', 'alg none is refused in any spelling'),
  row('R1.crit', 'RFC 7515 §4.1.11', 'an unknown critical header is refused'),
  row('R1.key-header', 'RFC 8725 §3.10', 'jku, x5u and jwk in the header are not followed'),
  row('R1.jwe', 'RFC 7516', 'an encrypted token is refused'),
  row('R1.nested', 'RFC 8725 §2.5', 'a token inside a token is refused'),
  row('R1.size', 'RFC 8725 §2', 'a token over 8 KB is refused before it is parsed'),
  row('R1.non-ascii', 'RFC 6750 §2.1', 'a token with characters outside of the grammar is refused'),
  // Claims.
  row('R2.issuer', 'RFC 9068 §4', 'another issuer is refused, also one that differs by a slash'),
  row('R2.tenant', 'RFC 9068 §4', 'a second tenant behind the same key set is refused'),
  row('R2.mix-up', 'RFC 8725 §3.8', 'a token of one accepted issuer in the name of another is refused'),
  row('R2.audience', 'RFC 9068 §4; RFC 8707 §2', 'another audience is refused'),
  row('R2.audience-prefix', 'RFC 9068 §4', 'an audience that begins like ours is refused'),
  row('R2.audience-list', 'RFC 9068 §4; RFC 8725 §3.9', 'a token that is also good for another API is refused'),
  row('R2.no-audience', 'RFC 9068 §2.2', 'a token without audience is refused'),
  row('R2.expired', 'RFC 7519 §4.1.4', 'an expired token is refused, beyond 5 s of tolerance'),
  row('R2.no-exp', 'RFC 9068 §2.2', 'a token without exp is refused'),
  row('R2.exp-shape', 'RFC 7519 §2', 'exp as a string, or ages away, is refused'),
  row('R2.nbf', 'RFC 7519 §4.1.5', 'a token that is not valid yet is refused'),
  row('R2.iat', 'RFC 7519 §4.1.6', 'a token from the future is refused'),
  row('R2.id-token', 'RFC 9068 §5', 'an ID token is refused'),
  row('R2.refresh-token', 'RFC 6749 §1.5', 'a refresh token is refused'),
  row('R2.type', 'RFC 9068 §4; RFC 8725 §3.11', 'typ JWT is refused in the strict profile'),
  // Scope.
  row('R3.missing', 'RFC 6750 §3.1', 'a missing scope is 403 with error, scope and resource_metadata'),
  row('R3.several', 'MCP Scope Challenge Handling', 'several missing scopes come in one challenge'),
  row('R3.hierarchy', 'MCP Scope Challenge Handling', 'write implies read'),
  row('R3.permissions', 'Auth0, Access token profiles', 'permissions count in the profile auth0, and only there'),
  row('R3.shape', 'RFC 8693 §4.2', 'scope as an array, and scp, do not count'),
  row('R3.case', 'RFC 6749 §3.3', 'scopes are case-sensitive'),
  row('R3.prefix', 'RFC 6749 §3.3', 'a scope that begins like the needed one does not count'),
  row('R3.list', 'MCP Tools', 'with TOOL_VISIBILITY=granted a list has what the token may call'),
  row('R3.header', 'MCP Streamable HTTP', 'a header that names another tool does not get past the gate'),
  row('R3.batch', 'JSON-RPC 2.0 §6', 'a batch does not get past the gate'),
  // Presentation.
  row('R4.none', 'RFC 6750 §3.1', 'no token: 401 without error'),
  row('R4.query', 'RFC 6750 §2.3; MCP Access Token Usage', 'a token in the query is refused and not logged'),
  row('R4.body', 'RFC 6750 §2.2', 'a token in the body is refused'),
  row('R4.two-headers', 'RFC 6750 §2', 'two Authorization headers are refused'),
  row('R4.two-tokens', 'RFC 6750 §2.1', 'two tokens in one header are refused'),
  row('R4.scheme-case', 'RFC 9110 §11.1', 'the scheme is case-insensitive'),
  row('R4.other-scheme', 'RFC 6750 §2.1', 'another scheme is no bearer token'),
  row('R4.cookie', 'RFC 6750 §2', 'a token in a cookie is refused'),
  // Metadata.
  row('R5.places', 'RFC 9728 §3', 'metadata at the path and at the root, with CORS, HEAD and OPTIONS'),
  row('R5.resource', 'RFC 9728 §3.3', 'resource is the configured one, or the loopback name that was used'),
  row('R5.host', 'RFC 9728 §7.7', 'the metadata URL does not follow a foreign Host'),
  // Transport.
  row('R6.host', 'MCP Streamable HTTP; DNS rebinding', 'a foreign Host is refused'),
  row('R6.origin', 'MCP Streamable HTTP; DNS rebinding', 'a foreign or opaque Origin is refused'),
  row('R6.loopback', 'MCP Streamable HTTP', 'binds loopback only, by default'),
  row('R6.size', 'RFC 9110 §15.5.14', 'a large body is 413 before the token is looked at'),
  row('R6.gzip', 'RFC 9110 §8.4', 'a compressed body is refused, unpacked never'),
  row('R6.slow', 'CWE-400', 'slow headers and bodies are cut off'),
  row('R6.connections', 'CWE-400', 'connections are limited'),
  row('R6.depth', 'CWE-674', 'a deeply nested body is refused'),
  row('R6.stream', 'RFC 6750 §5.2', 'a stream ends when its token expires'),
  // Keys of the issuer.
  row('R7.outage', 'RFC 9110 §15.6.4', 'unavailable keys are 503 with Retry-After, never 401'),
  row('R7.flood', 'CWE-400', 'unknown key ids cause at most one fetch per window'),
  row('R7.rotation', 'RFC 7517 §5', 'a new key is accepted within ten seconds'),
  row('R7.oversize', 'CWE-400', 'an oversized key set is not used'),
  row('R7.slow', 'CWE-400', 'a key set that does not come is given up on'),
  row('R7.redirect', 'RFC 9700 §4.11', 'a redirect of the key set is not followed'),
  row('R7.enc', 'RFC 7517 §4.2', 'a key for encryption verifies nothing'),
  row('R7.short-rsa', 'RFC 7518 §3.3', 'an RSA key under 2048 bits verifies nothing'),
  // Binding.
  row('R8.session', 'MCP security best practices, Session Hijacking', 'a session of another principal is 404'),
  row('R8.state', 'MCP MRTR', 'a state handle of another principal is refused'),
  row('R8.cache', 'RFC 9700 §2.3', 'a remembered verdict outlives neither token nor keys'),
  // No passthrough.
  row('R9.tool', 'MCP Token Passthrough', 'a tool cannot see the token'),
  row('R9.outbound', 'MCP Token Passthrough', 'requests to the issuer carry no token of a caller'),
  // Logs and errors.
  row('R10.canary', 'CWE-532', 'nothing the server writes contains a token'),
  row('R10.answer', 'CWE-209', 'a refusal says nothing about keys or expectations'),
  row('R10.injection', 'CWE-117', 'values of a caller cannot forge a log line'),
];
