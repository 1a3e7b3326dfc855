// The program that a person signs in for: one in this process, on openid-client, that knows nothing but the URL of the MCP
// server; or a process of its own, whose authorization URL is read from what it prints.

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import * as oauth from 'openid-client';
import { callTool } from '../support/mcp-server.ts';

export interface LoginOptions {
  /** Where the browser goes at the end. */
  readonly redirectUri: string;
  /** Default: what the server's 401 asks for. */
  readonly scope?: string | undefined;
  /** Default: it registers itself. */
  readonly clientId?: string | undefined;
  /** The name under which it registers. */
  readonly name?: string | undefined;
}

export interface Login {
  readonly configuration: oauth.Configuration;
  /** The address to open. */
  readonly url: string;
  readonly resource: string;
  /** Redeems what the browser brought back. */
  readonly redeem: (callback: string) => ReturnType<typeof oauth.authorizationCodeGrant>;
}

/** 401 → metadata of the resource → metadata of the issuer → registration → the address to open. */
export async function beginLogin(serverUrl: string, options: LoginOptions): Promise<Login> {
  const { redirectUri: redirect_uri, clientId, name = 'A new tool' } = options;
  const refused = await callTool(serverUrl, undefined, 'add', { a: 2, b: 40 });
  assert.equal(refused.status, 401);
  const challenge = refused.headers.get('www-authenticate') ?? '';
  const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
  const { resource, authorization_servers } = await (await fetch(metadataUrl)).json();
  const discovery = { algorithm: 'oauth2' as const, execute: [oauth.allowInsecureRequests] };
  const issuer = new URL(authorization_servers[0]);
  const configuration =
    clientId === undefined
      ? await oauth.dynamicClientRegistration(
          issuer,
          { client_name: name, redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' },
          oauth.None(),
          discovery,
        )
      : await oauth.discovery(issuer, clientId, undefined, oauth.None(), discovery);
  const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
  const expectedState = oauth.randomState();
  const url = oauth.buildAuthorizationUrl(configuration, {
    redirect_uri,
    scope: options.scope ?? /scope="([^"]+)"/.exec(challenge)?.[1] ?? '',
    resource,
    state: expectedState,
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const redeem = (target: string) =>
    oauth.authorizationCodeGrant(configuration, new URL(target), { pkceCodeVerifier, expectedState }, { resource });
  return { configuration, url: url.href, resource, redeem };
}

/** The authorization URL that a program prints on stderr before it waits on loopback for the browser. */
export async function authorizationUrlOf(program: ChildProcess): Promise<string> {
  assert(program.stderr);
  return await firstMatch(program.stderr, /https?:\/\/\S+[?&]code_challenge=\S+/);
}

/** The first thing of that form in what a program prints. @throws when the program ends without it */
export async function firstMatch(output: Readable, pattern: RegExp): Promise<string> {
  const lines = createInterface({ input: output });
  try {
    const seen: string[] = [];
    for await (const line of lines) {
      const match = pattern.exec(line)?.[0];
      if (match !== undefined) return match;
      seen.push(line);
    }
    throw new Error(`The program ended without printing ${pattern}; it said:\n${seen.join('\n')}`);
  } finally {
    lines.close();
    // Whoever reads no further must not make the program wait.
    output.resume();
  }
}
