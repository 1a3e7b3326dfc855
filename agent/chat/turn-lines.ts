// The lines about a turn as a whole: how it ended, what it used, and what happened to a login in the middle of it. Pure.

import type { TurnEnd, TurnEvent, Usage } from '../turn-events.ts';
import type { Paint } from './terminal.ts';
import { durationText, type LineStyle } from './tool-lines.ts';
import { visibleLine, visibleText } from './visible-text.ts';

export function turnEndLines(end: TurnEnd, { paint }: LineStyle): string[] {
  return [statusText(end, paint), usageText(end, paint)].filter((line) => line !== '');
}

/** `needs write:notes (new)`, with what is held; scopes are the server's and the issuer's words. */
export function authLine(event: Extract<TurnEvent, { type: 'auth' }>, paint: Paint): string {
  const server = visibleLine(event.server);
  const held = `holds ${scopesText(event.held)}`;
  switch (event.state) {
    case 'login-needed':
      return paint(
        'warning',
        `● ${server} needs a login${event.needed.length === 0 ? '' : ` for ${scopesText(event.needed)}`}`,
      );
    case 'step-up': {
      const added = event.needed.filter((scope) => !event.held.includes(scope));
      return paint('warning', `● ${server} needs more: ${held} · new ${scopesText(added)}`);
    }
    case 'logged-in':
      return paint('good', `● ${server} signed in · ${held}`);
    case 'refused':
      return paint('bad', `● ${server} sign-in refused · ${held}`);
  }
}

export function scopesText(scopes: readonly string[]): string {
  return scopes.length === 0 ? 'no scope' : scopes.map(visibleLine).join(' ');
}

/** `812 tokens in · 40 out · about $0.0012`. */
export function tokensText({ inputTokens, outputTokens, costUsd }: Usage): string {
  const cost = costUsd === undefined ? '' : ` · about $${costUsd.toFixed(4)}`;
  return `${inputTokens} tokens in · ${outputTokens} out${cost}`;
}

function statusText({ status, error, denials, missingScopes }: TurnEnd, paint: Paint): string {
  const message = visibleText(error?.message ?? '').trim();
  switch (status) {
    case 'ok':
      return '';
    case 'limit':
      return paint('warning', message === '' ? '[stopped at the limit]' : `[stopped at the limit: ${message}]`);
    case 'interrupted':
      return paint('dim', '[interrupted]');
    case 'blocked':
      return paint(
        'warning',
        `[${denials.length === 1 ? 'a tool call was' : `${denials.length} tool calls were`} not allowed]`,
      );
    case 'auth_required': {
      const scopes = missingScopes.length === 0 ? '' : `missing ${scopesText(missingScopes)}`;
      return paint('bad', [message, scopes].filter((text) => text !== '').join('\n') || 'a login is missing');
    }
    case 'failed':
      return paint('bad', message === '' ? 'the turn failed without a reason' : message);
  }
}

function usageText({ usage, durationMs }: TurnEnd, paint: Paint): string {
  return usage === undefined ? '' : paint('dim', `${tokensText(usage)} · ${durationText(durationMs)}`);
}
