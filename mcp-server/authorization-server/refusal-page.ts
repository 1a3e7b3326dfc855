// What a person reads when oidc-provider refuses a request that a program sent them with. The library's own words are for
// whoever writes that program; they stand below.

import { errorPage, type Page } from './pages.ts';

const TITLE = 'This did not work';
const AGAIN = 'Go back to the program that sent you here and start again.';
const EXPLANATIONS: Readonly<Record<string, string>> = {
  invalid_client:
    'This server does not know the program that sent you here, or knows it no more. Nothing was allowed. Start it again, so that it registers anew.',
  invalid_redirect_uri:
    'The program that sent you here wants the answer at an address that it is not registered for. Nothing was allowed, and nothing was sent there.',
  access_denied: 'Nothing was allowed. You can close this page.',
  server_error: `Something went wrong on this server; its log has the reason. ${AGAIN}`,
  temporarily_unavailable: 'This server is busy. Try again in a moment.',
};

/** @param detail the library's words, in which a stranger may have had a say */
export function refusalPage(error: string, detail: string | undefined): Page {
  const explanation = Object.hasOwn(EXPLANATIONS, error) ? EXPLANATIONS[error] : undefined;
  return errorPage({
    title: TITLE,
    explanation: explanation ?? `The program that sent you here asked for something that cannot be done. ${AGAIN}`,
    code: error,
    detail,
  });
}
