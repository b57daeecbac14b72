import { transportCompliance } from '@torrential/contracts/compliance'
import { peerAddress } from '@torrential/primitives'
import { MemoryNetwork, TcpTransport } from '@torrential/transport'
import { describe, test } from '@jest/globals'

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
