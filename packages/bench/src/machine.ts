// The machine that figures belong to, and whether it was ours alone: a busy machine makes every table a guess.
import { cpus, freemem, release, totalmem } from 'node:os'
import { mkdtemp, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'

/** What a reader of a table must know. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  /** Part of all cores' time that others used just before, 0 to 1. */
  readonly busy: number
}

/** Above this part of the machine, a result is printed with a warning. */
export const BUSY_THRESHOLD = 0.05

const observed = 1_000

/** Describes the machine; takes a second, to see how busy it is. */
export async function describeMachine(): Promise<Machine> {
  const before = cpuTimes()
  await new Promise((resolve) => setTimeout(resolve, observed))
  const after = cpuTimes()
  const total = after.total - before.total
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    busy: total === 0 ? 0 : 1 - (after.idle - before.idle) / total,
  }
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0
  let total = 0
  for (const { times } of cpus()) {
    idle += times.idle
    total += times.idle + times.user + times.sys + times.nice + times.irq
  }
  return { idle, total }
}

/** @throws Error when a folder's file system has fewer free bytes than needed */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free < bytes) throw new Error(`${folder} has ${free} bytes free, ${bytes} are needed (choose --size or --folder)`)
}

/** Bytes that may still be written to a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

const tmpfs = 0x0102_1994

/**
 * Fills so much of a memory-backed folder and empties it again. A virtual machine's host takes back what has not been used for some
 * seconds, and the next use of it costs several times what it costs afterwards: whoever ran then would pay for it. At most two
 * thirds of what is free are filled.
 */
export async function warmMemory(folder: string, bytes: number): Promise<void> {
  const { type } = await statfs(folder)
  if (type !== tmpfs) return
  const path = await mkdtemp(join(folder, 'torrential-warm-'))
  try {
    await using file = await open(join(path, 'zeros'), 'w')
    const zeros = Buffer.alloc(2 ** 20)
    const most = Math.min(bytes, (Math.min(freemem(), await freeBytes(folder)) * 2) / 3)
    for (let at = 0; at < most; at += zeros.length) await file.write(zeros)
  } finally {
    await rm(path, { recursive: true })
  }
}
