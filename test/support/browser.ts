// A browser without a screen: cookies, redirects and forms, over real HTTP. Imports neither half.

export interface PageForm {
  readonly action: string;
  /** Hidden fields. */
  readonly fields: Readonly<Record<string, string>>;
  /** Values of the submit buttons, in order. */
  readonly answers: readonly string[];
}

export interface VisitedPage {
  readonly status: number;
  readonly url: string;
  readonly text: string;
  readonly form: PageForm | undefined;
}

/** Follows redirects until a page comes or the redirect target; the latter is returned without being opened. */
export function createBrowser(redirectTarget: string) {
  const jar = new Map<string, string>();
  const visit = async (url: string, init: RequestInit = {}): Promise<VisitedPage> => {
    let target = url;
    let request: RequestInit = init;
    for (let hops = 0; hops < 10; hops += 1) {
      if (target.startsWith(redirectTarget)) return { status: 302, url: target, text: '', form: undefined };
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(target, { ...request, redirect: 'manual', headers: { ...request.headers, cookie } });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        jar.set(name, value);
      }
      const location = response.headers.get('location');
      if (!location) return readPage(response.status, target, await response.text());
      target = new URL(location, target).href;
      request = {};
    }
    throw new Error(`More than 10 redirects from ${url}`);
  };
  const submit = ({ url, form }: VisitedPage, answer: string): Promise<VisitedPage> => {
    if (!form) throw new Error(`No form on ${url}`);
    return visit(new URL(form.action, url).href, {
      method: 'POST',
      headers: { origin: new URL(url).origin },
      body: new URLSearchParams({ ...form.fields, answer }),
    });
  };
  return { visit, submit };
}

function readPage(status: number, url: string, text: string): VisitedPage {
  const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1];
  const fields = Object.fromEntries(
    [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  const answers = [...text.matchAll(/<button [^>]*name="answer" value="([^"]+)"/g)].map(([, value]) => value ?? '');
  return { status, url, text, form: action === undefined ? undefined : { action, fields, answers } };
}
