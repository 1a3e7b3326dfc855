import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, renderHtml } from './html.ts';

test('every value is escaped, for text and for attributes', () => {
  const hostile = `<script>alert("1")</script>&'\``;
  const text = renderHtml(html`<p title="${hostile}">${hostile}</p>`);
  assert.doesNotMatch(text.slice(3), /<script|alert\("|'|`|&(?!#)/);
  assert.match(text, /&#60;script&#62;alert\(&#34;1&#34;\)&#60;\/script&#62;&#38;&#39;&#96;/);
});

test('HTML nests unescaped, and nothing stands for undefined and false', () => {
  const item = html`<b>${'<'}</b>`;
  assert.equal(renderHtml(html`${[item, item]}${undefined}${false}${0}`), '<b>&#60;</b><b>&#60;</b>0');
});
