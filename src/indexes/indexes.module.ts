import { Module } from '@nestjs/common';
import { LeadsWithoutCallDirection } from './leads-without-call-direction.index.js';

/** An online index is an ordinary provider: list it here, and `--indexes` builds it. */
@Module({ providers: [LeadsWithoutCallDirection] })
export class IndexesModule {}
