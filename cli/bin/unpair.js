#!/usr/bin/env node
// npm links commands when it installs, before anything is compiled: so this file is there already.
import '../dist/main.js';
