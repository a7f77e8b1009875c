import { colorizeQuery } from '@chromatune/contracts';
import { createZodDto } from 'nestjs-zod';

export class ColorizeQueryDto extends createZodDto(colorizeQuery) {}
