// Talks to a tracker byte by byte, as no client library would.

import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { type BencodeDict, decodeDict } from '@torrential/bencode'
import { words } from '../odd-udp-server.ts'
import { announceRequest } from '../samples.ts'
import { percentEncode } from '../../src/http-query.ts'

/** All bytes that come back for `bytes` until the server closes. */
export function exchange(port: number, bytes: string | Uint8Array, host = '127.0.0.1'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, host, () => socket.end(bytes))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks)))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') reject(error)
    })
  })
}

export interface RawAnswer {
  readonly status: number
  readonly body: Buffer
}

export async function get(port: number, target: string, host = '127.0.0.1'): Promise<RawAnswer> {
  const bytes = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, host)
  const end = bytes.indexOf('\r\n\r\n')
  return { status: Number(bytes.subarray(9, 12).toString()), body: bytes.subarray(end + 4) }
}

export async function getDict(port: number, target: string, host = '127.0.0.1'): Promise<BencodeDict> {
  return decodeDict((await get(port, target, host)).body)
}

/** An announce target; `changes` replace or (undefined) remove fields. */
export function announceTarget(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const { infoHash, peerId } = announceRequest()
  const fields: Record<string, string | undefined> = {
    info_hash: percentEncode(infoHash),
    peer_id: percentEncode(peerId),
    port: '6881',
    uploaded: '0',
    downloaded: '0',
    left: '1',
    compact: '1',
    ...changes,
  }
  const query = Object.entries(fields).filter(([, value]) => value !== undefined)
  return `/announce?${query.map(([name, value]) => `${name}=${value}`).join('&')}`
}

export class RawUdp implements AsyncDisposable {
  readonly #socket
  readonly #replies: Buffer[] = []
  readonly #waiting: ((reply: Buffer) => void)[] = []
  readonly #port: number
  readonly #host: string

  constructor(port: number, host = '127.0.0.1') {
    this.#port = port
    this.#host = host
    this.#socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('message', (packet) => {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#replies.push(packet)
      else waiting(packet)
    })
  }

  send(packet: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(packet, this.#port, this.#host, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  async ask(packet: Uint8Array): Promise<Buffer> {
    await this.send(packet)
    return this.receive()
  }

  receive(): Promise<Buffer> {
    const reply = this.#replies.shift()
    return reply === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(reply)
  }

  /** What came back for `packet` before the answer to a connect sent right behind it. */
  async repliesTo(packet: Uint8Array): Promise<Buffer[]> {
    const mark = 0x7a7a7a7a
    await this.send(packet)
    await this.send(words(0x417, 0x27101980, 0, mark))
    const replies: Buffer[] = []
    for (;;) {
      const reply = await this.receive()
      if (reply.length === 16 && reply.readUInt32BE(4) === mark) return replies
      replies.push(reply)
    }
  }

  /** A fresh connection id. */
  async connect(): Promise<Buffer> {
    return (await this.ask(words(0x417, 0x27101980, 0, 1))).subarray(8, 16)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }
}
