// What the agent's OAuth client must do, one row per requirement: where it comes from and what is expected. Tests carry the
// id at the start of their title; agent-requirements.test.ts fails on a row that no test carries.

import { type Requirement, row } from './support/requirement.ts';

const MCP = 'MCP 2026-07-28';

export const AGENT_REQUIREMENTS: readonly Requirement[] = [
  // What MCP asks of a client.
  row(
    'C1',
    `${MCP}, Protected Resource Metadata Discovery`,
    'metadata where the 401 says, then under the path, then at the root',
  ),
  row('C2', `${MCP}, Authorization Server Location`, 'the WWW-Authenticate header of a 401 is read and acted on'),
  row(
    'C3',
    `${MCP}, Authorization Server Metadata Discovery`,
    'issuer metadata at three places with a path, at two without',
  ),
  row('C4', 'RFC 8414 §3.3', 'metadata that names another issuer is not used'),
  row(
    'C5',
    `${MCP}, Client Registration Approaches`,
    'registered by hand, then metadata document, then dynamic registration',
  ),
  row('C6', `${MCP}, Client ID Metadata Documents`, 'the document is named where the issuer takes one'),
  row('C7', `${MCP}, Dynamic Client Registration`, 'registers as a native client; a refusal is explained'),
  row('C8', `${MCP}, Authorization Server Binding`, 'credentials belong to one issuer and are shown to no other'),
  row('C9', `${MCP}, Scope Selection Strategy`, 'scopes of the challenge, else of the metadata, else none'),
  row('C10', `${MCP}, Step-Up Authorization Flow`, 'step-up asks for the union of scopes, and not again and again'),
  row('C11', `${MCP}, Authorization Code Protection`, 'PKCE with S256; an issuer that does not announce it is refused'),
  row('C12', 'RFC 8707 §2', 'the resource is named in every authorization and token request'),
  row('C13', 'RFC 9207 §2.4', 'the issuer of an answer is compared before anything in it is used'),
  row('C14', 'RFC 6749 §10.12', 'a state that nobody guesses goes with each login'),
  row('C15', `${MCP}, Access Token Usage`, 'the token goes with every request, in the header'),
  row('C16', `${MCP}, Refresh Tokens`, 'offline_access only where it is listed; a refresh token is not expected'),
  row('C17', `${MCP}, Token Theft`, 'tokens are stored where only this user can read them'),
  row('C18', 'MCP security best practices', 'only web addresses are shown to open'),
  // T1: what servers and issuers say about themselves.
  row('T1.other-origin', 'RFC 9728 §7.7', 'metadata on another origin or a private address is not asked for'),
  row('T1.foreign-resource', 'RFC 9728 §3.3', 'metadata of another resource is refused'),
  row('T1.redirect', 'MCP security best practices, SSRF', 'redirects are not followed'),
  row('T1.huge', 'MCP security best practices, SSRF', 'huge answers are cut off'),
  row('T1.slow', 'MCP security best practices, SSRF', 'slow answers are given up on'),
  row('T1.private-address', 'MCP security best practices, SSRF', 'nobody outside sends us into our own network'),
  row('T1.plain-http', 'RFC 6749 §3.1, §3.2', 'plain http is for loopback'),
  row('T1.no-pkce', 'RFC 9700 §2.1.1', 'an issuer without PKCE gets nobody'),
  row('T1.mixed-up-issuer', 'RFC 9700 §4.4', 'an answer of another issuer is not used'),
  // T2: secrets of machine clients.
  row(
    'T2.exfiltration',
    'RFC 9700 §4.4',
    'a secret goes to the issuer that it was configured for, whatever a server says',
  ),
  row('T2.redirect', 'RFC 9700 §4.11', 'a secret does not follow a redirect'),
  // T3: the way back from the browser.
  row('T3.loopback-only', 'RFC 8252 §8.3', 'the listener is bound to loopback'),
  row('T3.other-requests', 'RFC 8252 §8.3', 'other paths, methods and hosts are refused'),
  row('T3.wrong-state', 'RFC 6749 §10.12', 'another state ends the login'),
  row('T3.second-hit', 'RFC 8252 §8.3', 'a second redirect is ignored'),
  row('T3.error-description', 'RFC 9207 §2.4', 'what an answer says in words is repeated nowhere'),
  row('T3.no-answer', 'RFC 8252 §8.3', 'nobody waits for ever'),
  // T4: the address that a browser is sent to.
  row('T4.javascript-url', 'MCP security best practices', 'javascript: and its kind are refused'),
  row('T4.shell-characters', 'MCP security best practices', 'nothing in an address reaches a shell'),
  // T5: tokens that outlive a request.
  row('T5.private', 'RFC 6819 §5.1.6', 'files 0600 in a directory 0700, whatever the umask'),
  row('T5.world-readable', 'RFC 6819 §5.1.6', 'a store that others can read is refused'),
  row('T5.planted', 'RFC 6819 §5.1.6', 'symbolic links and files of others are refused'),
  row('T5.keyed', `${MCP}, Authorization Server Binding`, 'a set of tokens per issuer, resource, client and profile'),
  row('T5.reuse', 'RFC 6749 §1.5', 'tokens of earlier runs are used again'),
  row('T5.skew', 'RFC 6749 §5.1', 'tokens are renewed before they expire'),
  row('T5.single-flight', 'RFC 9700 §4.14', 'parallel calls share one refresh'),
  row('T5.processes', 'RFC 9700 §4.14', 'parallel processes share one refresh'),
  row('T5.killed', 'RFC 9700 §4.14', 'kill -9 costs no login'),
  row('T5.outage', 'RFC 6749 §5.2', 'an issuer in trouble costs no login'),
  row('T5.invalid-grant', 'RFC 6749 §5.2', 'a login that has ended is asked for once'),
  row('T5.kept-refresh-token', 'RFC 6749 §6', 'no new refresh token means the old one'),
  row('T5.no-prompt', `${MCP}, Authorization Flow`, 'without anybody to ask, the command is named'),
  row('T5.logout', 'RFC 7009 §2', 'a login that is given up is revoked'),
  // T6: more scopes.
  row('T6.union', `${MCP}, Step-Up Authorization Flow`, 'what is held and what is needed is shown and asked for'),
  row('T6.refused', `${MCP}, Step-Up Authorization Flow`, 'a refusal is taken for an answer'),
  row('T6.headless', `${MCP}, Step-Up Authorization Flow`, 'without anybody to ask, the scope is named'),
  row('T6.machine', `${MCP}, Step-Up Authorization Flow`, 'machines do not loop'),
  // T7: where tokens go.
  row('T7.other-origin', `${MCP}, Access Token Usage`, 'a token goes to its own origin only'),
  row('T7.redirect', 'RFC 9700 §4.11', 'a token does not follow a redirect to another origin'),
];
