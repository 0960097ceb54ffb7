#!/usr/bin/env node
// Stands beside the build so that npm can link the command when it installs, before anything is built.
import "../dist/cli/main.js";
