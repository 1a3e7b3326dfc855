// What a person does at the authorization server's pages, whatever program sent them there.

import type { Locator, Page } from 'playwright-core';

export function createPerson(page: Page) {
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click();
  const textOf = async (locator: Locator) => (await locator.textContent())?.trim() ?? '';
  return {
    press,
    textOf,
    heading: () => textOf(page.getByRole('heading', { level: 1 })),
    /** Types a password that belongs to the account, or not. */
    async signIn(name: string, password: string): Promise<void> {
      await page.getByLabel('Name').fill(name);
      await page.getByLabel('Password').fill(password);
      await press('Sign in');
    },
    /** Opens the address that a program gave out, signs in where that is asked, and says yes or no. */
    async answer(url: string, answer: 'Allow' | 'Deny'): Promise<void> {
      await page.goto(url);
      const signIn = page.getByRole('button', { name: 'Sign in as Demo User' });
      const consent = page.getByRole('button', { name: answer });
      await signIn.or(consent).waitFor();
      if (await signIn.isVisible()) await signIn.click();
      await consent.click();
    },
  };
}
