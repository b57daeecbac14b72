// Announces to a tracker as fast as it answers: a fixed number under way, each answer read and counted, the next one sent. One peer
// in each swarm at first; then swarms at random, from four addresses of ports each.
//
// Written for speed, because it shares the machine with the tracker: over UDP one packet buffer for all, over HTTP one connection
// for each announce, as trackers get them.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'

/** What to announce. */
export interface Load {
  /** 20 bytes each. */
  readonly infoHashes: readonly Buffer[]
  /** Swarms that get their first peer before time is taken: all of them over UDP, fewer where that would take long. */
  readonly first: number
  readonly host: string
  readonly port: number
  readonly seconds: number
}

/** Called when counting begins. */
export type Began = () => Promise<void>

const underWay = 64
/** Milliseconds between two looks whether anything came. */
const lookInterval = 200
const mostSilences = 50

/** Announces answered while time was taken. @throws Error when an answer is not one, or none comes for 5 s */
export type Announce = (load: Load, began: Began) => Promise<number>

/** Over UDP (BEP 15). */
export const announceOverUdp: Announce = async (load, began) => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
  try {
    socket.connect(load.port, load.host)
    await once(socket, 'connect')
    const packet = announcePacket(await connectionId(socket))
    const send = (index: number): void => {
      ;(load.infoHashes[index % load.infoHashes.length] as Buffer).copy(packet, 16)
      packet.writeUInt32BE(index % 0xffff_ffff, 12)
      packet.writeUInt16BE(1024 + (index & 3), 96)
      // The socket may send later than it is told: each needs bytes of its own.
      socket.send(Buffer.from(packet))
    }
    return await closedLoop(load, began, send, (answered) => {
      socket.on('message', (reply) => {
        const isAnnounce = reply.length >= 20 && reply.readUInt32BE(0) === 1
        answered(isAnnounce ? undefined : new Error(`refused: ${reply.toString('latin1', 8)}`))
      })
    })
  } finally {
    socket.close()
  }
}

async function connectionId(socket: ReturnType<typeof createSocket>): Promise<Buffer> {
  const packet = Buffer.alloc(16)
  packet.writeBigUInt64BE(0x41727101980n)
  socket.send(packet)
  const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer]
  return reply.subarray(8, 16)
}

function announcePacket(connection: Buffer): Buffer {
  const packet = Buffer.alloc(98)
  connection.copy(packet)
  packet.writeUInt32BE(1, 8)
  packet.write('-XX0000-abcdefghijkl', 36, 'latin1')
  packet.writeBigUInt64BE(1n, 64)
  packet.writeUInt32BE(2, 80)
  packet.writeInt32BE(50, 92)
  return packet
}

/** Over HTTP (BEP 3, BEP 23). */
export const announceOverHttp: Announce = async (load, began) => {
  const escaped = load.infoHashes.map((hash) => hash.toString('hex').replace(/../g, '%$&'))
  const rest = 'peer_id=-XX0000-abcdefghijkl&uploaded=0&downloaded=0&left=1&compact=1&numwant=50&event=started'
  return closedLoop(
    load,
    began,
    (index, answered) => {
      const query = `info_hash=${escaped[index % escaped.length]}&port=${1024 + (index & 3)}&${rest}`
      const socket = connect({ host: load.host, port: load.port, noDelay: true })
      let reply = ''
      socket.setEncoding('latin1')
      socket.on('data', (text: string) => {
        reply += text
      })
      socket.on('close', () => answered(reply.includes('5:peers') ? undefined : new Error(`refused: ${reply}`)))
      socket.on('error', (error) => answered(error))
      socket.end(`GET /announce?${query} HTTP/1.1\r\nHost: tracker\r\nConnection: close\r\n\r\n`)
    },
    () => {},
  )
}

type Answered = (error?: Error) => void

/**
 * Keeps announces under way: one for each swarm first, then, counted, at random until time is over. Packets that are lost are noticed
 * when nothing comes any more for a moment; their places are then taken by new ones.
 */
async function closedLoop(
  { infoHashes, first, seconds }: Load,
  began: Began,
  send: (index: number, answered: Answered) => void,
  listen: (answered: Answered) => void,
): Promise<number> {
  // `open` can be less than what is under way: an answer after it was given up for lost.
  let [sent, received, open] = [0, 0, 0]
  let fail: (error: Error) => void = () => {}
  let more: () => boolean = () => false
  let drained: () => void = () => {}
  const fill = (): void => {
    while (open < underWay && more()) {
      open += 1
      sent += 1
      send(sent <= first ? sent - 1 : Math.floor(Math.random() * infoHashes.length), answered)
    }
    if (open === 0) drained()
  }
  const answered: Answered = (error) => {
    if (error !== undefined) fail(error)
    received += 1
    open = Math.max(0, open - 1)
    fill()
  }
  const phase = (goesOn: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      ;[fail, drained, more] = [reject, resolve, goesOn]
      fill()
    })
  let [heard, silences] = [-1, 0]
  const watchdog = setInterval(() => {
    silences = received === heard ? silences + 1 : 0
    heard = received
    if (silences > mostSilences) fail(new Error(`no answer for ${(silences * lookInterval) / 1000} s`))
    if (silences === 0) return
    open = 0
    fill()
  }, lookInterval)
  try {
    listen(answered)
    await phase(() => sent < first)
    await began()
    const before = received
    const end = performance.now() + seconds * 1000
    await phase(() => performance.now() < end)
    return received - before
  } finally {
    clearInterval(watchdog)
  }
}
