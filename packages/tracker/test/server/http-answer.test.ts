import { encode } from '@torrential/bencode'
import { toLatin1 } from '@torrential/primitives'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compactAnswer } from '../../src/server/http-answer.ts'

test('the compact answer that is spelled out is what the encoder would have made', () => {
  const count = fc.nat(2 ** 31)
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
  const figures = fc.record({
    complete: count,
    downloaded: count,
    'external ip': bytes(16),
    incomplete: count,
    interval: count,
    'min interval': count,
  })
  fc.assert(
    fc.property(figures, bytes(60), bytes(36), (all, peers, peers6) => {
      const encoded = encode({ ...all, peers, ...(peers6.length > 0 && { peers6 }) })
      expect(compactAnswer(all, peers, peers6)).toBe(toLatin1(encoded))
    }),
  )
})
