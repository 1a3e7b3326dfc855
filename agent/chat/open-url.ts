// Opens a page in the person's browser, and decides whether there is one. Loaded when it is needed.

import type { LoginMethod } from '../auth/login-prompt.ts';
import type { Environment } from '../config.ts';

/** Opens the page; rejects if no program could be started for it. */
export async function openUrl(url: string): Promise<void> {
  const { default: open } = await import('open');
  const child = await open(url);
  // It may fail later, when nobody waits any more; the address is on the screen.
  child.on('error', () => undefined);
}

/** Set where the terminal is on another machine than the person. */
const REMOTE_VARIABLES = ['SSH_CONNECTION', 'SSH_CLIENT', 'SSH_TTY', 'CODESPACES', 'REMOTE_CONTAINERS'];

/** How a person can sign in from here, best first: without a screen of one's own a browser here would be nobody's. */
export function loginMethods(environment: Environment, platform: string = process.platform): readonly LoginMethod[] {
  const isRemote = REMOTE_VARIABLES.some((name) => environment[name]);
  const hasScreen = platform !== 'linux' || Boolean(environment['DISPLAY'] || environment['WAYLAND_DISPLAY']);
  return isRemote || !hasScreen ? ['paste', 'device'] : ['browser', 'paste', 'device'];
}
