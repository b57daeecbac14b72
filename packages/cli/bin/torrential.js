#!/usr/bin/env node
import { runProcess } from '../dist/process-main.js'

await runProcess(process)
