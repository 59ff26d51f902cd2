import { NestFactory } from '@nestjs/core';
import { isOneShot, runOneShot } from 'nestjs-backfill';
import { AppModule } from './app.module.js';

if (isOneShot()) {
  process.exitCode = await runOneShot(AppModule);
} else {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks();
  await app.listen(process.env['PORT'] ?? 3000);
}
