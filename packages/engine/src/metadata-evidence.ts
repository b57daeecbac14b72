// What several peers made together was wrong, and nobody knows whose piece it was. Their pieces are kept as fingerprints until
// the right ones are known; then whoever sent another one is a liar.

import type { MetadataDraft, MetadataSender } from './metadata-draft.ts'
import { fingerprint } from './metadata-hash.ts'

interface Suspicion {
  readonly length: number
  readonly piece: number
  readonly print: string
  readonly sender: MetadataSender
}

export class MetadataEvidence {
  readonly #suspicions: Suspicion[] = []

  /** A joint attempt that failed. There is one for each claimed length at most. */
  record({ length, pieces }: MetadataDraft): void {
    for (const [piece, { data, sender }] of pieces) {
      this.#suspicions.push({ length, piece, print: fingerprint(data), sender })
    }
  }

  /** Who lied, now that the truth is known. */
  liars(truth: MetadataDraft): readonly MetadataSender[] {
    const prints = new Map(Array.from(truth.pieces, ([piece, { data }]) => [piece, fingerprint(data)]))
    const liars = this.#suspicions.filter(
      ({ length, piece, print }) => length !== truth.length || prints.get(piece) !== print,
    )
    return [...new Map(liars.map(({ sender }) => [sender.key, sender])).values()]
  }
}
