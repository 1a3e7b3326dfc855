// The device authorization grant, RFC 8628, as far as oidc-provider leaves it to us: the three pages a person sees, how
// often codes may be tried, and how often a device may ask.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { DEVICE_LIMITS } from './limits.ts';
import { PAGE_HEADERS, renderPage } from './page-response.ts';
import { deviceCodePage, deviceConfirmPage, messagePage, type Page } from './pages.ts';

type Middleware = (context: KoaContextWithOIDC, next: () => Promise<unknown>) => Promise<void>;
type DeviceFlowFeature = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>;

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * The pages, in oidc-provider's terms.
 *
 * @param prefilled the code that a link brought along: shown in the field and still to be confirmed
 */
export function deviceFlowFeature(
  path: string,
  prefilled: (request: IncomingMessage) => string | undefined,
): DeviceFlowFeature {
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: () => ({}),
    userCodeInputSource(context, form, _out, error) {
      if (error?.name === 'AbortedError') {
        return render(
          context,
          messagePage({ title: 'Nothing was allowed', text: 'The device gets no access. You can close this page.' }),
        );
      }
      render(
        context,
        deviceCodePage({
          action: path,
          formToken: xsrfOf(form),
          userCode: prefilled(context.req) ?? '',
          problem: error && 'This code is not known, has expired or was used already. Look at the device again.',
        }),
      );
    },
    userCodeConfirmSource(context, form, client, _info, userCode) {
      render(
        context,
        deviceConfirmPage({
          action: path,
          formToken: xsrfOf(form),
          clientName: client.clientName ?? client.clientId,
          clientId: client.clientId,
          userCode,
        }),
      );
    },
    successSource(context) {
      const { client } = context.oidc;
      render(
        context,
        messagePage({
          title: 'The device is connected',
          text: `${client?.clientName ?? client?.clientId ?? 'The device'} goes on by itself in a few seconds. You can close this page.`,
        }),
      );
    },
  };
}

/**
 * Tells a device that asks too often to slow down. oidc-provider answers every poll alike.
 *
 * @param now clock in milliseconds
 * @see RFC 8628 §3.5
 */
export function limitPolling(now: () => number): Middleware {
  const polls = new Map<string, number>();
  return async (context, next) => {
    await next();
    if (!('oidc' in context) || context.oidc.route !== 'token' || !isPending(context.body)) return;
    const code = context.oidc.params?.['device_code'];
    if (typeof code !== 'string') return;
    const key = createHash('sha256').update(code).digest('base64url');
    const last = polls.get(key);
    polls.delete(key);
    polls.set(key, now());
    const oldest = polls.keys().next().value;
    if (polls.size > MAX_POLLS && oldest !== undefined) polls.delete(oldest);
    if (last === undefined || now() - last >= DEVICE_LIMITS.pollIntervalSeconds * 1_000) return;
    context.body = { error: 'slow_down', error_description: `wait ${DEVICE_LIMITS.pollIntervalSeconds} seconds` };
  };
}

/** As many as there can be codes. */
const MAX_POLLS = 1_000;

function isPending(body: unknown): boolean {
  return body !== null && typeof body === 'object' && 'error' in body && body.error === 'authorization_pending';
}

/** oidc-provider hands over a form of its own, in which only this value is not ours. */
function xsrfOf(form: string): string {
  const token = /name="xsrf" value="([0-9a-f]+)"/.exec(form)?.[1];
  if (token === undefined) throw new Error('oidc-provider’s device form has changed: it carries no xsrf value');
  return token;
}

function render(context: KoaContextWithOIDC, page: Page): void {
  context.set({ ...PAGE_HEADERS });
  context.body = renderPage(page);
}
