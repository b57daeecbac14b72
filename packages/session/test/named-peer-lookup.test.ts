import { describe, expect, test } from '@jest/globals'
import type { PeerAddress } from '@torrential/primitives'
import { NamedPeerLookup } from '../src/named-peer-lookup.ts'

describe('Peers of a magnet link that have a name', () => {
  test('are looked up once, when the search begins', async () => {
    const found: PeerAddress[] = []
    const arrived = new Promise<void>((resolve) => {
      const lookup = new NamedPeerLookup([{ host: 'localhost', port: 7 }], (address) => {
        found.push(address)
        resolve()
      })
      expect(found).toEqual([])
      lookup.start()
    })
    await arrived
    expect(found[0]?.port).toBe(7)
    expect(['127.0.0.1', '::1']).toContain(found[0]?.host)
  })

  test('are not told any more once the search has stopped', async () => {
    const found: PeerAddress[] = []
    const lookup = new NamedPeerLookup([{ host: 'localhost', port: 7 }], (address) => found.push(address))
    lookup.start()
    lookup.stop()
    // By the time that another lookup of the same name has answered, this one has too.
    await new Promise<void>((resolve) => {
      new NamedPeerLookup([{ host: 'localhost', port: 8 }], () => resolve()).start()
    })
    expect(found).toEqual([])
  })
})
