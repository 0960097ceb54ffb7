/**
 * The building blocks of every schema here: objects whose unknown fields are kept, maps, and rules over several fields.
 *
 * `null` in a field that we know means "not set", as it does to the Kubernetes API server: Go clients write unset times
 * that way. Such a field is dropped, so that nothing after the schema meets `null`; an unknown field keeps its `null`.
 */
import { z } from "zod";
import type { ViolationReason } from "../result.js";
import { describeValue } from "./violations.js";

/** What a check holds against a value; `path` leads on from the value that was checked. */
export interface Objection {
  readonly path?: readonly (string | number)[];
  readonly reason: ViolationReason;
  readonly message: string;
}

/** A rule about several fields of one object. */
export interface FieldCheck<T> {
  /**
   * The rule is tested when these are right by themselves. A list whose elements are tested one by one is not among them:
   * one wrong element does not hide what is wrong with the others; it is then read with `elementsAt` and `valueAt`.
   */
  readonly reads: readonly (keyof T & string)[];
  readonly objections: (value: T) => readonly Objection[];
}

/** What a schema yields as its readers see it: read-only throughout, and only the fields that the schema names. */
export type Parsed<S extends z.ZodType> = Known<z.output<S>>;

type Known<T> = unknown extends T
  ? T
  : T extends string | number | boolean | undefined
    ? T
    : T extends readonly (infer E)[]
      ? readonly Known<E>[]
      : { readonly [K in keyof T as string extends K ? (unknown extends T[K] ? never : K) : K]: Known<T[K]> };

/** An object that keeps its unknown fields; `checks` are about several of its fields. */
export function looseObject<S extends z.core.$ZodShape>(
  shape: S,
  ...checks: readonly FieldCheck<z.output<z.ZodObject<S, z.core.$loose>>>[]
): z.ZodPreprocess<z.ZodObject<S, z.core.$loose>> {
  const fields = Object.keys(shape);
  const plain = z.looseObject(shape);
  const checked = checks.reduce((schema, check) => withFieldCheck(schema, check), plain);
  return z.preprocess((input) => withoutUnset(input, fields), checked);
}

function withFieldCheck<S extends z.ZodType>(schema: S, check: FieldCheck<z.output<S>>): S {
  const reads: readonly PropertyKey[] = check.reads;
  return schema.superRefine((value, context) => report(check.objections(value), context), {
    when: (payload) => isContainer(payload) && payload.issues.every(({ path }) => !reads.includes(path?.[0] ?? "")),
  });
}

/** `schema` with one more constraint; `objection` answers `undefined` when the value is right. */
export function constrained<S extends z.ZodType>(
  schema: S,
  objection: (value: z.output<S>) => Objection | undefined,
): S {
  return schema.superRefine((value, context) => report([objection(value)], context));
}

function report(objections: readonly (Objection | undefined)[], context: z.core.$RefinementCtx): void {
  for (const objection of objections) {
    if (objection === undefined) continue;
    const { path = [], reason, message } = objection;
    context.addIssue({ code: "custom", path: [...path], message, params: { reason } });
  }
}

/** A map by name. `objections` sees every key, and with it the value where that is right by itself. */
export function mapOf<S extends z.ZodType>(
  value: S,
  objections: (key: string, value: z.output<S> | undefined) => readonly (Objection | undefined)[],
): z.ZodRecord<z.ZodString, S> {
  return z.record(z.string(), value).superRefine(
    (map, context) => {
      const wrong = new Set(context.issues.map(({ path }) => path?.[0]));
      for (const [key, content] of Object.entries(map)) {
        const found = objections(key, wrong.has(key) ? undefined : content);
        report(
          found.map((objection) => objection && { ...objection, path: [key] }),
          context,
        );
      }
    },
    { when: isContainer },
  );
}

/** False where the object, list or map is itself of the wrong type. */
function isContainer({ issues }: z.core.ParsePayload): boolean {
  return issues.every(({ path }) => path?.[0] !== undefined);
}

/** Elements of the list `field` are told apart by `key`: none repeats that of an earlier one. */
export function unique<F extends string, K extends string>(
  field: F,
  key: K,
): FieldCheck<{ readonly [f in F]?: readonly { readonly [k in K]?: unknown }[] | undefined }> {
  return {
    reads: [],
    objections: (value) =>
      duplicates(
        elementsAt(value, field).map((element) => valueAt(element, key)),
        (index) => [field, index, key],
      ),
  };
}

/** The positions that repeat an earlier value; an `undefined` repeats nothing. */
export function duplicates(
  values: readonly unknown[],
  pathOf: (index: number) => readonly (string | number)[],
): readonly Objection[] {
  const first = new Map<unknown, number>();
  return values.flatMap((value, index) => {
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, index);
    if (earlier === undefined || value === undefined) return [];
    const message = `found ${describeValue(value)} as in [${earlier}], expected each only once`;
    return [{ path: pathOf(index), reason: "Duplicate" as const, message }];
  });
}

/** The elements of a list that may not be one. */
export function elementsAt(container: unknown, field: string): readonly unknown[] {
  const list = valueAt(container, field);
  return Array.isArray(list) ? list : [];
}

/** A field of an object that may not be one; `null` is unset. */
export function valueAt(container: unknown, field: string): unknown {
  return typeof container === "object" && container !== null ? (Reflect.get(container, field) ?? undefined) : undefined;
}

function withoutUnset(input: unknown, fields: readonly string[]): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const unset = fields.filter((field) => {
    const value: unknown = Reflect.get(input, field);
    return value === null || (value === undefined && Object.hasOwn(input, field));
  });
  if (unset.length === 0) return input;
  return Object.fromEntries(Object.entries(input).filter(([field]) => !unset.includes(field)));
}
