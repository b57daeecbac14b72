import type { Transport } from '@torrential/contracts'
import { transportCompliance } from '@torrential/contracts/compliance'
import { peerAddress } from '@torrential/primitives'
import type { MemoryTransport } from '@torrential/transport'
import { MemoryNetwork, TcpTransport } from '@torrential/transport'
import { describe, expect, test } from '@jest/globals'

const kinds = {
  'TCP over IPv4': () => ({ transport: new TcpTransport(), address: peerAddress('127.0.0.1', 0) }),
  'TCP over IPv6': () => ({ transport: new TcpTransport(), address: peerAddress('::1', 0) }),
  'memory with an address of its own': () => {
    const transport = new MemoryNetwork().transport()
    return { transport, address: peerAddress(transport.host, 0) }
  },
  'memory over loopback': () => ({ transport: new MemoryNetwork().transport(), address: peerAddress('::1', 0) }),
}

for (const [kind, make] of Object.entries(kinds)) {
  describe(`a transport (${kind})`, () => {
    for (const { name, run } of transportCompliance(make)) test(name, run)
  })
}

/** The names of the cases that a memory transport fails once `spoil` has broken it. */
async function failing(spoil: (honest: MemoryTransport) => Partial<Transport>): Promise<string[]> {
  const failed: string[] = []
  const suite = transportCompliance(() => {
    const honest = new MemoryNetwork().transport()
    const transport: Transport = {
      name: honest.name,
      dial: (address, options) => honest.dial(address, options),
      listen: (address, options) => honest.listen(address, options),
      [Symbol.asyncDispose]: () => honest[Symbol.asyncDispose](),
      ...spoil(honest),
    }
    return { transport, address: peerAddress(honest.host, 0) }
  })
  for (const { name, run } of suite) await run().catch(() => failed.push(name))
  return failed
}

describe('the suite', () => {
  test('passes a transport that is only wrapped', async () => {
    expect(await failing(() => ({}))).toEqual([])
  })

  test('fails one that ignores the signal of a dial', async () => {
    expect(await failing((honest) => ({ dial: (address) => honest.dial(address) }))).toEqual([
      'dialling with a fired signal rejects with its reason',
      'a timeout that is not positive is refused with DIAL_OPTIONS',
    ])
  })

  test('fails one that quietly takes another port', async () => {
    const spoilt = failing((honest) => ({
      listen: (address, options) =>
        honest.listen(address, options).catch(() => honest.listen({ ...address, port: 0 }, options)),
    }))
    expect(await spoilt).toContain('a second listener on the same address is refused with LISTEN_IN_USE')
  })

  test('fails one that lies about who is at the other end', async () => {
    const spoilt = failing((honest) => ({
      dial: async (address, options) => {
        const { duplex, local, via, [Symbol.asyncDispose]: dispose } = await honest.dial(address, options)
        return { duplex, local, via, remote: local, [Symbol.asyncDispose]: dispose }
      },
    }))
    expect(await spoilt).toContain('both ends agree on who they are')
  })
})
