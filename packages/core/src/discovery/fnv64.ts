/**
 * FNV-1, 64 bit (multiply, then XOR), on two 32-bit halves: eight times as fast as with bigint.
 * @see reference §4.6, primitives 1 to 5
 */

const OFFSET_BASIS_HIGH = 0xcbf29ce4 | 0;
const OFFSET_BASIS_LOW = 0x84222325 | 0;
/** The prime is 2^40 + 435: multiplying by it is a shift by 40 and a multiplication by 435. */
const PRIME_LOW = 435;

/** A running hash. `high` and `low` are the value's halves as signed 32-bit integers. */
export class Fnv64 {
  high: number = OFFSET_BASIS_HIGH;
  low: number = OFFSET_BASIS_LOW;

  reset(): this {
    this.high = OFFSET_BASIS_HIGH;
    this.low = OFFSET_BASIS_LOW;
    return this;
  }

  /** Goes on from where another hash stands. */
  resume({ high, low }: { readonly high: number; readonly low: number }): this {
    this.high = high;
    this.low = low;
    return this;
  }

  byte(value: number): this {
    const { low } = this;
    const lowProduct = (low & 0xffff) * PRIME_LOW;
    const middleProduct = (low >>> 16) * PRIME_LOW + (lowProduct >>> 16);
    this.high = (Math.imul(this.high, PRIME_LOW) + (low << 8) + (middleProduct >>> 16)) | 0;
    this.low = ((middleProduct << 16) | (lowProduct & 0xffff)) ^ value;
    return this;
  }

  /** Four bytes, little-endian; `value` is taken modulo 2^32. */
  word(value: number): this {
    return this.byte(value & 0xff)
      .byte((value >>> 8) & 0xff)
      .byte((value >>> 16) & 0xff)
      .byte(value >>> 24);
  }

  /** The UTF-8 bytes of `text`; a lone surrogate counts as U+FFFD, as Go's JSON decoder reads it. */
  text(text: string): this {
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit < 0x80) {
        this.byte(unit);
        continue;
      }
      const codePoint = text.codePointAt(index) ?? 0;
      if (codePoint > 0xffff) index++;
      this.#utf8(codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint);
    }
    return this;
  }

  #utf8(codePoint: number): void {
    if (codePoint < 0x800) {
      this.byte(0xc0 | (codePoint >> 6));
    } else {
      if (codePoint < 0x10000) {
        this.byte(0xe0 | (codePoint >> 12));
      } else {
        this.byte(0xf0 | (codePoint >> 18)).byte(0x80 | ((codePoint >> 12) & 0x3f));
      }
      this.byte(0x80 | ((codePoint >> 6) & 0x3f));
    }
    this.byte(0x80 | (codePoint & 0x3f));
  }

  toBigInt(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }
}
