import { Module } from '@nestjs/common';
import { ChangeFeed } from './change-feed.js';
import { LiveController } from './live.controller.js';
import { LiveService } from './live.service.js';

@Module({
  controllers: [LiveController],
  providers: [ChangeFeed, LiveService],
  exports: [ChangeFeed, LiveService],
})
export class LiveModule {}
