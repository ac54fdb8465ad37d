import { type ASTNode, Optional, type ParseResult } from '@marcbachmann/cel-js';
import type { Schema, ValidationRule } from '../schema.ts';
import { estimateCost } from './cost.ts';
import { kubernetesLibrary } from './library.ts';
import { type CelType, TypeDeclarations } from './types.ts';

/** A rule ready to run, or why it is not one. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Whether it compares with `oldSelf`: it then runs only where there is an old value (or it takes none). */
  readonly isTransition: boolean;
  readonly error?: CompileError;
  readonly messageError?: CompileError;
  /** The most that the rule may cost, evaluated once. */
  readonly cost: number;
  /** The most that its messageExpression may cost. */
  readonly messageCost: number;
  /** @throws when the evaluation fails, say at a field that is not set */
  readonly holds: (self: unknown, oldSelf: unknown) => boolean;
  /** The text of messageExpression; undefined without one, and when it fails. */
  readonly message: (self: unknown, oldSelf: unknown) => string | undefined;
}

export interface CompileError {
  readonly kind: 'syntax' | 'result';
  readonly text: string;
}

/** Compiles the rules of one schema (not those of the schemas inside it). */
export function compileRules(schema: Schema): CompiledRule[] {
  return (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(schema, rule));
}

function compileRule(schema: Schema, rule: ValidationRule): CompiledRule {
  const environment = kubernetesLibrary().clone();
  const type: CelType = new TypeDeclarations(environment).declare(schema) ?? {
    name: 'dyn',
    convert: (value) => value,
  };
  const optional = rule.optionalOldSelf === true;
  environment.registerVariable('self', type.name);
  environment.registerVariable('oldSelf', optional ? `optional<${type.name}>` : type.name);

  const condition = compileExpression((text) => environment.parse(text), rule.rule, 'bool');
  const messageText = rule.messageExpression;
  const message =
    messageText === undefined
      ? undefined
      : compileExpression((text) => environment.parse(text), messageText, 'string');
  const context = (self: unknown, oldSelf: unknown) => ({
    self: type.convert(self),
    oldSelf: optional ? optionalOf(oldSelf, type) : type.convert(oldSelf),
  });
  return {
    rule,
    isTransition: condition.parsed !== undefined && usesOldSelf(condition.parsed.ast),
    ...(condition.error && { error: condition.error }),
    ...(message?.error && { messageError: message.error }),
    cost: condition.parsed === undefined ? 0 : estimateCost(condition.parsed.ast, schema),
    messageCost: message?.parsed === undefined ? 0 : estimateCost(message.parsed.ast, schema),
    holds: (self, oldSelf) => condition.parsed?.(context(self, oldSelf)) === true,
    message: (self, oldSelf) => messageOf(message?.parsed, context(self, oldSelf)),
  };
}

function optionalOf(value: unknown, type: CelType): Optional {
  return value === undefined ? Optional.none() : Optional.of(type.convert(value));
}

/** A message that fails, is empty or has several lines is not used. */
function messageOf(parsed: ParseResult | undefined, context: Record<string, unknown>): string | undefined {
  try {
    const text: unknown = parsed?.(context);
    return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}

interface Compiled {
  readonly parsed?: ParseResult;
  readonly error?: CompileError;
}

function compileExpression(
  parse: (text: string) => ParseResult,
  text: string,
  result: 'bool' | 'string',
): Compiled {
  try {
    const parsed = parse(text);
    const check = parsed.check();
    if (check.error !== undefined) return { error: compileError(text, check.error) };
    if (check.type === result || check.type === 'dyn') return { parsed };
    const noun = result === 'bool' ? 'cel expression' : 'messageExpression';
    return { error: { kind: 'result', text: `${noun} must evaluate to a ${result}` } };
  } catch (error) {
    return { error: compileError(text, error as LibraryError) };
  }
}

interface LibraryError {
  readonly code?: string;
  readonly summary?: string;
  readonly message?: string;
  readonly range?: { readonly start: number };
}

/** The layout of cel-go: position, message, the line, and a mark below the place. */
function compileError(source: string, error: LibraryError): CompileError {
  const before = source.slice(0, error.range?.start ?? 0).split('\n');
  const line = before.length;
  const found = before.at(-1)?.length ?? 0;
  const summary = error.summary ?? error.message ?? 'invalid expression';
  const field = /^No such key: (.+)$/.exec(summary)?.[1];
  const unknown = /^Unknown variable: (.+)$/.exec(summary)?.[1];
  // cel-go points at the dot in front of the field, and counts the end of the text as behind its last character.
  const column = field === undefined ? found : Math.max(found - 1, 0);
  let message = error.code === 'no_such_key' || unknown !== undefined ? summary : `${summary}`;
  if (field !== undefined) message = `undefined field '${field}'`;
  else if (unknown !== undefined) message = `undeclared reference to '${unknown}' (in container '')`;
  else if (/token|syntax|expected/i.test(summary)) message = `Syntax error: ${summary}`;
  const mark = `${'.'.repeat(column)}^`;
  const text = `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${source.split('\n')[line - 1] ?? ''}\n | ${mark}`;
  return { kind: 'syntax', text: `compilation failed: ${text}` };
}

function usesOldSelf(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(usesOldSelf);
  if (typeof node !== 'object' || node === null || !('op' in node)) return false;
  const { op, args } = node as ASTNode;
  return (op === 'id' && args === 'oldSelf') || usesOldSelf(args);
}
