/** The process that proves one size: an order as JSON in, a proof as JSON out. */
import { type ProofOrder, prove } from 'bench-core/prove';
import { answer } from 'jobs';

await answer<ProofOrder>((order) => prove(order));
