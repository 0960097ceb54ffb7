import type { FieldViolation } from "../result.js";

/** Remembers what was found wrong with a root certificate: checking one is work, and peers are looked at often. */
export class RootCertificateChecks {
  readonly #check: (pem: string) => readonly FieldViolation[];
  #known = new Map<string, readonly FieldViolation[]>();
  #used = new Map<string, readonly FieldViolation[]>();

  constructor(check: (pem: string) => readonly FieldViolation[]) {
    this.#check = check;
  }

  check(pem: string): readonly FieldViolation[] {
    const violations = this.#used.get(pem) ?? this.#known.get(pem) ?? this.#check(pem);
    this.#used.set(pem, violations);
    return violations;
  }

  /** Forgets certificates that were not asked about since the last call. */
  forgetUnused(): void {
    this.#known = this.#used;
    this.#used = new Map();
  }
}
