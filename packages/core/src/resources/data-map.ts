import { z } from "zod";
import { sizeObjection } from "./kubernetes-name.js";
import { constrained, mapOf, type Objection } from "./loose-object.js";
import { describeValue } from "./violations.js";

const KEY = /^(?!\.\.?$)(?!\.\.)[-._a-zA-Z0-9]{1,253}$/;
const KEY_HELP = 'letters, digits, "-", "_" and ".", at most 253 characters, not starting with ".."';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const MAX_TEXT = 1024 * 1024;
const MAX_BASE64 = Math.ceil(MAX_TEXT / 3) * 4;

/** The text of a ConfigMap, or what a Secret is written with, by key; 1 MiB in all. No message repeats a value. */
export const textData = constrained(
  mapOf(z.string(), (key) => [keyObjection(key)]),
  (data) => sizeObjection(data, MAX_TEXT),
);

/** Bytes in base64 by key; 1 MiB in all. No message repeats a value. */
export const base64Data = constrained(
  mapOf(z.string().describe("base64 text"), (key, value) => [keyObjection(key), base64Objection(value ?? "")]),
  (data) => sizeObjection(data, MAX_BASE64),
);

function keyObjection(key: string): Objection | undefined {
  if (KEY.test(key)) return undefined;
  return { reason: "Invalid", message: `found the key ${describeValue(key)}, expected ${KEY_HELP}` };
}

function base64Objection(text: string): Objection | undefined {
  if (BASE64.test(text.replaceAll(/[\r\n]/g, ""))) return undefined;
  return { reason: "Invalid", message: "found text that is not base64, expected base64 text" };
}
