// Measures the tracker: a child process serves, this one floods it for two seconds over UDP, then over HTTP.
// Run: node examples/load.js [SECONDS]

import { fork } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createTrackerServer } from '@torrential/tracker/server'

const torrents = 1_000
const window = 64

if (process.send !== undefined) await serve()
else await measure(Number(process.argv[2] ?? 2))

async function serve() {
  const server = await createTrackerServer({ host: '127.0.0.1' })
  process.send({ port: server.address.port })
  process.on('message', () =>
    process.send({ stats: server.stats, cpu: process.cpuUsage(), memory: process.memoryUsage().rss }),
  )
  process.on('disconnect', () => process.exit())
}

async function measure(seconds) {
  const child = fork(fileURLToPath(import.meta.url))
  const reply = () => new Promise((resolve) => child.once('message', resolve))
  const { port } = await reply()
  const snapshot = () => {
    child.send('stats')
    return reply()
  }
  for (const [name, flood] of Object.entries({ udp, http })) {
    const before = await snapshot()
    await flood(port, seconds)
    const after = await snapshot()
    const count = after.stats.announces[name] - before.stats.announces[name]
    const cpu = (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / 1e6
    console.log(
      `${name}: ${Math.round(count / seconds)} announces/s, ${Math.round(count / cpu)} per CPU second of the server, ` +
        `${after.stats.leechers} peers, ${Math.round(after.memory / 2 ** 20)} MiB`,
    )
  }
  child.disconnect()
}

/** Peer `n` announces torrent `n` modulo 1,000. */
async function udp(port, seconds) {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, callback) => callback(null, host, 4) })
  const connectPacket = Buffer.from('00000417271019800000000000000001', 'hex')
  const first = new Promise((resolve) => socket.once('message', resolve))
  socket.send(connectPacket, port, '127.0.0.1')
  const id = (await first).subarray(8, 16)
  let n = 0
  let last = 0
  const announce = () => {
    const packet = Buffer.alloc(98)
    id.copy(packet)
    packet.writeUInt32BE(1, 8)
    packet.writeUInt32BE(n % torrents, 16)
    packet.writeUInt32BE(n, 52)
    packet.writeUInt32BE(1, 68)
    packet.writeInt32BE(-1, 92)
    packet.writeUInt16BE(1 + (n % 60_000), 96)
    n += 1
    socket.send(packet, port, '127.0.0.1')
  }
  socket.on('message', () => {
    last += 1
    announce()
  })
  for (let i = 0; i < window; i++) announce()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  socket.removeAllListeners('message')
  socket.close()
  return last
}

async function http(port, seconds) {
  const sockets = Array.from({ length: 32 }, (_, i) => {
    let n = i
    const socket = connect(port, '127.0.0.1')
    const announce = () => {
      const hash = String(n % torrents).padStart(20, '0')
      const id = String(n).padStart(20, '0')
      n += 32
      socket.write(
        `GET /announce?info_hash=${hash}&peer_id=${id}&port=${1 + (n % 60_000)}&left=1&compact=1 HTTP/1.1\r\nHost: x\r\n\r\n`,
      )
    }
    socket.on('connect', announce)
    socket.on('data', announce)
    socket.on('error', () => {})
    return socket
  })
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  for (const socket of sockets) socket.destroy()
}
