import { Module } from '@nestjs/common';
import { ReproduceService } from './reproduce.service.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';
import { VerdictService } from './verdict.service.js';

@Module({
  controllers: [RunsController],
  providers: [RunsService, ReproduceService, VerdictService],
  exports: [RunsService, VerdictService],
})
export class RunsModule {}
