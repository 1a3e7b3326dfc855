// An agent process reduced to its login: told to, it sends requests with the token that it has or gets. Started by tests
// with the directory of the token store and the server's URL; `churn` renews without end, for a test that kills it.

import { createTokenSource } from '../../agent/auth/token-source.ts';
import { createTokenStore } from '../../agent/auth/token-store.ts';
import { createAuthorizedFetch } from '../../agent/mcp/authorized-fetch.ts';
import { BROWSER_LOGIN } from './browser-login.ts';

const [, , directory = '', serverUrl = '', mode = ''] = process.argv;
const source = createTokenSource({
  serverUrl,
  credential: BROWSER_LOGIN,
  store: createTokenStore(directory),
});
const authorized = createAuthorizedFetch(serverUrl, source);

async function call(): Promise<string> {
  try {
    const response = await authorized(serverUrl, { method: 'POST' });
    await response.body?.cancel();
    return String(response.status);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

if (mode === 'churn') {
  let token = await source.renew(undefined, { resourceMetadataUrl: undefined, scope: undefined });
  for (;;) token = await source.renew(token, { resourceMetadataUrl: undefined, scope: undefined });
}
process.on('message', async (count: number) => {
  process.send?.(await Promise.all(Array.from({ length: count }, call)));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
