import { Module } from '@nestjs/common';
import { LeadsWithoutCallDirection } from './leads-without-call-direction.index.js';

/** An online index is an ordinary provider: `--indexes` builds every index that is listed here. */
@Module({ providers: [LeadsWithoutCallDirection] })
export class IndexesModule {}
