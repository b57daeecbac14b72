// Whether bytes are the info dictionary that somebody is looking for.

import { createHash } from 'node:crypto'
import { equalBytes, InputError } from '@torrential/primitives'

/** What is known of an info dictionary before it is there: one hash or both. */
export interface MetadataHashes {
  /** 20 bytes: its SHA-1 (BEP 3). */
  readonly infoHashV1?: Uint8Array
  /** 32 bytes, its SHA-256 (BEP 52), or only the first 20 of them. */
  readonly infoHashV2?: Uint8Array
}

/** @throws InputError `INFOHASH_LENGTH` for hashes of other lengths, or none at all */
export function checkHashes({ infoHashV1, infoHashV2 }: MetadataHashes): void {
  const isV1 = infoHashV1 === undefined || infoHashV1.length === 20
  const isV2 = infoHashV2 === undefined || infoHashV2.length === 32 || infoHashV2.length === 20
  if (isV1 && isV2 && (infoHashV1 ?? infoHashV2) !== undefined) return
  throw new InputError('INFOHASH_LENGTH', 'an infohash has 20 bytes (v1), or 32 or its first 20 (v2)')
}

/** True when every hash that is known agrees. */
export function matchesHashes(bytes: Uint8Array, { infoHashV1, infoHashV2 }: MetadataHashes): boolean {
  if (infoHashV1 !== undefined && !equalBytes(digest('sha1', bytes), infoHashV1)) return false
  return infoHashV2 === undefined || equalBytes(digest('sha256', bytes).subarray(0, infoHashV2.length), infoHashV2)
}

function digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array): Uint8Array {
  return createHash(algorithm).update(bytes).digest()
}

/** Short and collision-free enough to compare pieces later. */
export function fingerprint(data: Uint8Array): string {
  return createHash('sha1').update(data).digest('base64')
}
