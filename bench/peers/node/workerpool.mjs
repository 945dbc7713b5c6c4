import workerpool from 'workerpool';
import { ident, sleep } from './tasks.mjs';
workerpool.worker({ ident, sleep });
