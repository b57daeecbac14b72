// Values that the tests share.

import { infoHashFrom, peerIdFrom } from '@torrential/primitives'
import { SourceError } from '@torrential/primitives'
import { expect } from '@jest/globals'
import type { AnnounceRequest } from '../src/tracker-client.ts'

/** 20 bytes, among them some that URLs must escape. */
export const infoHash = infoHashFrom(Uint8Array.from({ length: 20 }, (_, i) => (i * 37 + 200) & 255))
export const otherHash = infoHashFrom(new Uint8Array(20).fill(7))
export const peerId = peerIdFrom(Buffer.from('-TO0010-abcdefghijkl'))

export function announceRequest(changes: Partial<AnnounceRequest> = {}): AnnounceRequest {
  return { infoHash, peerId, port: 6881, uploaded: 1, downloaded: 2, left: 3, ...changes }
}

/** The code of the SourceError that `promise` rejects with; fails when it does anything else. */
export async function sourceErrorOf(promise: Promise<unknown>): Promise<SourceError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(SourceError)
  return outcome as SourceError
}
