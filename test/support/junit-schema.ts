// JUnit reports held to the schema that CI servers use.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';

const SCHEMA = join(import.meta.dirname, '../fixtures/junit-report.xsd');

/** @throws {Error} with what is wrong, if the text is no XML or no JUnit report */
export function assertJunit(text: string, schema = SCHEMA): void {
  using schemaDocument = XmlDocument.fromString(readFileSync(schema, 'utf8'));
  using validator = XsdValidator.fromDoc(schemaDocument);
  using document = XmlDocument.fromString(text);
  validator.validate(document);
}
