// JUnit reports held to the schemas that CI servers use.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures', name);

/**
 * `junit-10.xsd` is that of Jenkins' xUnit plug-in as it is published, MIT, taken from the source package of pytest 8.3.4;
 * the other one has its rules and those of Apache Ant's schema, each at its strictest.
 */
const SCHEMAS = [fixture('junit-10.xsd'), fixture('junit-report.xsd')];

/** @throws {Error} with what is wrong, if the text is no XML or no JUnit report */
export function assertJunit(text: string, schemas: readonly string[] = SCHEMAS): void {
  using document = XmlDocument.fromString(text);
  for (const schema of schemas) {
    using schemaDocument = XmlDocument.fromString(readFileSync(schema, 'utf8'));
    using validator = XsdValidator.fromDoc(schemaDocument);
    validator.validate(document);
  }
}
