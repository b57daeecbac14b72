// A rate-limited copy between two hosts: first over TCP on loopback, then over a network that exists in memory only.
import { peerAddress } from '@torrential/primitives'
import { MemoryNetwork, RateLimit, TcpTransport, TokenBucket } from '@torrential/transport'

const total = 1_048_576
const block = new Uint8Array(16_384)

/** Sends `total` bytes from one transport to another, no faster than `limit`; returns the bytes that arrived. */
async function copy(from, to, address, limit) {
  const listener = await to.listen(address)
  const sender = await from.dial(listener.address)

  const received = (async () => {
    let bytes = 0
    // Leaving the loop stops listening; the connection stays open.
    for await (const { stream } of listener) {
      console.log(`${stream.via}: ${stream.remote.host} -> ${stream.local.host}`)
      for await (const chunk of stream.duplex) bytes += chunk.length
      break
    }
    return bytes
  })()

  for (let sent = 0; sent < total; sent += block.length) {
    if (!limit.take(block.length)) await limit.wait(block.length)
    if (!sender.duplex.write(block)) await new Promise((resolve) => sender.duplex.on('drain', resolve))
  }
  sender.duplex.end()
  return received
}

const perTorrent = new TokenBucket(4_000_000)
const wholeSession = new TokenBucket(Infinity)
const limit = new RateLimit(perTorrent, wholeSession)

const tcp = new TcpTransport()
const network = new MemoryNetwork({ latency: 5 })
const [alice, bob] = [network.transport(), network.transport()]

const results = [
  await copy(tcp, tcp, peerAddress('127.0.0.1', 0), limit),
  await copy(alice, bob, peerAddress(bob.host, 0), limit),
]
for (const transport of [tcp, alice, bob]) await transport[Symbol.asyncDispose]()

if (results.some((bytes) => bytes !== total))
  throw new Error(`expected ${total} bytes each time, got ${results.join()}`)
console.log(`${total} bytes arrived each time`)
