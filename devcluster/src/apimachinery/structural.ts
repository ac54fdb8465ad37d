import { hasRules } from './cel/validate-rules.ts';
import { validateDefaults } from './crd/schema-defaults.ts';
import { hasUnsupportedKeywords, validateKeywords } from './crd/schema-keywords.ts';
import { validateSchemaRules } from './crd/schema-rules.ts';
import { validateStructure } from './crd/structure.ts';
import { type FieldError, forbidden } from './field-error.ts';
import type { Schema } from './schema.ts';

/**
 * Validates the schema of a CustomResourceDefinition itself: that it is structural, that its keywords are ones that
 * Kubernetes supports, that its defaults are valid, and that its CEL rules compile.
 *
 * @param path of the schema, such as `spec.validation.openAPIV3Schema`
 */
export function validateSchemaDefinition(schema: Schema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (schema.nullable === true)
    errors.push(forbidden(`${path}.nullable`, 'nullable cannot be true at the root'));
  // A schema with keywords that Kubernetes does not have is not looked at further.
  if (!hasUnsupportedKeywords(schema)) {
    const structure = validateStructure(schema, path);
    errors.push(...structure, ...(structure.length > 0 ? [] : validateDefaults(schema, path)));
  }
  errors.push(...validateKeywords(schema, path));
  if (errors.length === 0 && hasRules(schema)) errors.push(...validateSchemaRules(schema, path));
  return errors;
}
